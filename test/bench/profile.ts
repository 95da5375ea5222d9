/**
 * `npm run bench -- profile`: where the CPU of turns goes (`--tokens 2000 --per-write 8`: of long answers), of Longline and of the sketch: a profile of V8 by workerd's inspector, per turn, by
 * folder and by function. What no JavaScript does (SQLite, HTTP, calls between objects) is `(program)`, waiting is left out.
 */
import { readFile } from "node:fs/promises";
import type { Measured, Run } from "./load.ts";
import { newSession, turnsInARound } from "./measure.ts";
import type { Plan } from "./plan.ts";
import type { Subject } from "./subject.ts";
import type { Way } from "./ways.ts";

interface ProfileNode {
  id: number;
  callFrame: { functionName: string; url: string; lineNumber: number };
}

/** As the Chrome DevTools Protocol has it (chromedevtools.github.io/devtools-protocol/tot/Profiler/#type-Profile); times in microseconds. */
interface Profile {
  nodes: ProfileNode[];
  samples: number[];
  timeDeltas: number[];
}

type Send = (run: Run) => Promise<Measured>;

const turns = 400;

export async function profileTurns(way: Way, at: { inspectorPort: number; send: Send; plan: Plan }): Promise<string> {
  const { inspectorPort, send, plan } = at;
  const many = async (count: number) => {
    let session = newSession();
    for (let n = 0; n < count; n++) {
      // As long as the sessions of the section `latency`.
      if (n % turnsInARound === 0) session = newSession();
      await send({ shots: [way.shot(session, plan)] });
    }
  };
  // V8 has compiled what is hot.
  await many(200);
  const inspector = await Inspector.connected(inspectorPort);
  await inspector.call("Profiler.enable");
  await inspector.call("Profiler.setSamplingInterval", { interval: 100 });
  await inspector.call("Profiler.start");
  await many(turns);
  const { profile } = await inspector.call<{ profile: Profile }>("Profiler.stop");
  inspector.close();
  return `${way.name}, ${turns} turns of ${plan.tokens} tokens in sessions of ${turnsInARound}:\n${await shares(profile, way.subject)}`;
}

/** One connection to workerd's inspector. */
class Inspector {
  readonly #socket: WebSocket;
  readonly #waiting = new Map<number, (result: unknown) => void>();
  #newest = 0;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.addEventListener("message", ({ data }) => {
      const { id, result } = JSON.parse(String(data)) as { id?: number; result?: unknown };
      if (id !== undefined) this.#waiting.get(id)?.(result);
    });
  }

  static async connected(port: number): Promise<Inspector> {
    const targets = (await (await fetch(`http://127.0.0.1:${port}/json`)).json()) as { webSocketDebuggerUrl: string }[];
    const socket = new WebSocket(targets[0]?.webSocketDebuggerUrl ?? "");
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    socket.addEventListener("open", () => resolve());
    socket.addEventListener("error", () => reject(new Error("the inspector refused the connection")));
    await promise;
    return new Inspector(socket);
  }

  call<T>(method: string, params: object = {}): Promise<T> {
    const id = ++this.#newest;
    const { promise, resolve } = Promise.withResolvers<unknown>();
    this.#waiting.set(id, resolve);
    this.#socket.send(JSON.stringify({ id, method, params }));
    return promise as Promise<T>;
  }

  close(): void {
    this.#socket.close();
  }
}

async function shares({ nodes, samples, timeDeltas }: Profile, { modulePath }: Subject): Promise<string> {
  const fileAt = fileOfLine(await readFile(modulePath, "utf8"));
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const functions = new Map<string, number>();
  const folders = new Map<string, number>();
  const add = (to: Map<string, number>, key: string, ms: number) => to.set(key, (to.get(key) ?? 0) + ms);
  for (const [place, id] of samples.entries()) {
    const { functionName, lineNumber } = byId.get(id)?.callFrame ?? { functionName: "(program)", lineNumber: -1 };
    if (functionName === "(idle)") continue;
    const file = lineNumber < 0 || functionName.startsWith("(") ? "" : fileAt(lineNumber);
    const ms = (timeDeltas[place] ?? 0) / 1000;
    add(functions, `${functionName === "" ? "(no name)" : functionName} ${file}`, ms);
    add(folders, file === "" ? functionName : file.split("/").slice(0, -1).join("/"), ms);
  }
  return `${lines(folders, 25)}\n  by function:\n${lines(functions, 50)}`;
}

function lines(found: Map<string, number>, most: number): string {
  const all = [...found].toSorted(([, a], [, b]) => b - a).slice(0, most);
  return all.map(([name, ms]) => `  ${((ms * 1000) / turns).toFixed(0).padStart(6)} us a turn  ${name}`).join("\n");
}

/** esbuild writes the path of each module as a comment before its code. */
function fileOfLine(code: string): (line: number) => string {
  const starts = code.split("\n").flatMap((text, line) => {
    const path = /^\/\/ ((?:\w|\.\.\/).*\.[cm]?[jt]s)$/.exec(text)?.[1];
    return path === undefined ? [] : [{ line, path: path.replace(/^.*node_modules\//, "") }];
  });
  return (line) => starts.findLast((start) => start.line <= line)?.path ?? "";
}
