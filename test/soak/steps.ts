/** `npm run soak -- --only steps --kills 300`: long tools with random plans, signals and cancels while the server's process is killed over and over. An outside double counts what each step did. */
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "../support/free-port.ts";
import { buildWorker } from "./harness/build.ts";
import { Chance, pause } from "./harness/chance.ts";
import { Commits } from "./harness/commits.ts";
import { Workerd } from "./harness/workerd.ts";
import { StepClient } from "./step-client.ts";
import { type Effects, faultsOf, StepWorld } from "./step-world.ts";

/** Sessions at a time. */
const lanes = 4;

export interface StepsReport {
  kills: number;
  turns: number;
  cancelled: number;
  /** Turns with a call that was killed four times without getting further. */
  givenUp: number;
  steps: number;
  /** Steps that ran again after a crash. */
  again: number;
  unknown: number;
  signals: number;
  faults: string[];
}

/** Throws when the harness itself fails. */
export async function runStepsSoak({ kills, seed }: { kills: number; seed: number }): Promise<StepsReport> {
  const folder = await mkdtemp(join(tmpdir(), "longline-steps-"));
  const commits = new Commits(seed);
  const world = new StepWorld(seed);
  const serve = async (request: IncomingMessage, response: ServerResponse) => {
    response.on("error", () => {});
    const [, first, object = "", n = ""] = (request.url ?? "").split("/");
    let body = "";
    for await (const bytes of request.setEncoding("utf8")) body += bytes;
    if (first === "commit") await commits.confirm(object, Number(n));
    else if (first === "effect") return world.act(body, response);
    else if (first !== "otlp") return world.answer(body, response);
    response.end();
  };
  // A kill cuts requests off in the middle of their bodies.
  const server = createServer((request, response) => {
    serve(request, response).catch(() => response.destroy());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const harnessUrl = `http://127.0.0.1:${typeof address === "object" ? address?.port : 0}`;
  const workerd = new Workerd({ folder, script: await buildWorker(), port: await freePort(), harnessUrl });
  try {
    await workerd.prepare();
    await workerd.start();
    return await played({ kills, seed, workerd, commits, effects: world.effects });
  } finally {
    await workerd.kill();
    server.close();
    server.closeAllConnections();
    await rm(folder, { recursive: true, force: true });
  }
}

interface Playing {
  kills: number;
  seed: number;
  workerd: Workerd;
  commits: Commits;
  effects: Effects;
}

async function played({ kills, seed, workerd, commits, effects }: Playing): Promise<StepsReport> {
  const chance = new Chance(seed, "killer of steps");
  const clients: StepClient[] = [];
  let isQuiet = false;
  const lane = async () => {
    while (!isQuiet) {
      const client = new StepClient(`w${clients.length + 1}`, { url: workerd.url, seed });
      clients.push(client);
      await client.run(() => isQuiet);
    }
  };
  const playing = Promise.all(Array.from({ length: lanes }, lane));
  let startMs = 0;
  for (let kill = 0; kill < kills; kill++) {
    // Where the machine has other work, a life of the server is longer, so that something happens in it.
    await Promise.race([pause(chance.whole(20, Math.max(700, 3 * startMs))), playing]);
    const dying = workerd.kill();
    commits.killed();
    await dying;
    await commits.cutBack(workerd.data);
    const beganMs = Date.now();
    await workerd.start();
    startMs = Date.now() - beganMs;
  }
  isQuiet = true;
  await playing;
  const done = clients.filter(({ state }) => state === "completed");
  const all = [...effects.values()];
  const givenUp = clients.filter(({ state }) => state === "given up").length;
  const tooMany =
    givenUp > 1 + clients.length / 20 ? [`${givenUp} of ${clients.length} turns had a call that was given up`] : [];
  return {
    kills,
    turns: clients.length,
    givenUp,
    cancelled: clients.filter(({ state }) => state === "cancelled").length,
    steps: effects.size,
    again: all.filter(({ keys }) => keys.length > 1).length,
    unknown: done.flatMap(({ outcomes }) => Object.values(outcomes)).filter((each) => each === "unknown").length,
    signals: clients.reduce((sum, { signals }) => sum + signals, 0),
    faults: [...clients.flatMap((client) => faultsOf(client, effects)), ...tooMany],
  };
}
