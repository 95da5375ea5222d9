/** Agents that call agents while the server's process is killed: `npm run soak -- --only delegation --process-kills 200`. Collects conversations and all sessions below them; `check-crew.ts` judges. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "../support/free-port.ts";
import {
  all,
  type CrewConversation,
  type CrewEntry,
  type CrewSessionJson,
  type CrewTree,
  crewFaults,
} from "./check-crew.ts";
import { buildWorker } from "./harness/build.ts";
import { Chance, pause } from "./harness/chance.ts";
import { Collector } from "./harness/collector.ts";
import { Commits } from "./harness/commits.ts";
import { CrewModel, reviewBudgetMicros } from "./harness/crew-model.ts";
import { Killer } from "./harness/killer.ts";
import { Points } from "./harness/points.ts";
import { serveHarness } from "./harness/server.ts";
import { ToolServer } from "./harness/tool-server.ts";
import { Workerd } from "./harness/workerd.ts";

/** Conversations that go on at a time. */
const lanes = 3;
/** How long everything may take to come to rest after the last kill. */
const restMs = 90_000;
const crewPoints = ["upstream.request", "upstream.middle", "upstream.end", "client.sent", "client.acked"] as const;

export interface CrewReport {
  conversations: number;
  cancelled: number;
  sessions: number;
  kills: number;
  killsByPoint: Record<string, number>;
  /** The longest that agents went on after a cancel was accepted. */
  longestAfterCancelMs: number;
  faults: string[];
  seconds: number;
}

/** Throws when the harness itself fails. */
export async function runCrewSoak({ kills, seed }: { kills: number; seed: number }): Promise<CrewReport> {
  const folder = await mkdtemp(join(tmpdir(), "longline-crew-soak-"));
  const points = new Points();
  const model = new CrewModel(seed, points);
  const commits = new Commits(seed);
  const parts = { upstream: model, tools: new ToolServer(seed, points), commits, collector: new Collector(seed) };
  const server = await serveHarness(parts);
  const workerd = new Workerd({
    folder,
    script: await buildWorker(),
    port: await freePort(),
    harnessUrl: server.url,
    seed,
  });
  const beganMs = performance.now();
  try {
    await workerd.prepare();
    await workerd.start();
    const killer = new Killer(seed, { workerd, commits, points, at: crewPoints });
    const crew = new Crew(workerd.url, { seed, points, model });
    const playing = Array.from({ length: lanes }, () => crew.lane());
    for (let kill = 0; kill < kills; kill++) await killer.strike();
    crew.quiet();
    await Promise.all(playing);
    const ended = await crew.collect();
    const faults = ended.flatMap((each) =>
      crewFaults(each, reviewBudgetMicros).map((fault) => `${each.tree.session.id}: ${fault}`),
    );
    return {
      conversations: ended.length,
      cancelled: ended.filter(({ isCancelled }) => isCancelled).length,
      sessions: ended.reduce((sum, { tree }) => sum + all(tree).length, 0),
      kills,
      killsByPoint: killer.kills,
      longestAfterCancelMs: Math.round(Math.max(0, ...ended.map(({ ranAfterCancelMs }) => ranAfterCancelMs))),
      faults: [...crew.stuck, ...faults],
      seconds: Math.round((performance.now() - beganMs) / 100) / 10,
    };
  } finally {
    await workerd.kill();
    await server.close();
    await rm(folder, { recursive: true, force: true });
  }
}

interface Conversation {
  id: string;
  cancelledAtMs?: number;
}

class Crew {
  readonly stuck: string[] = [];
  readonly #url: string;
  readonly #of: { seed: number; points: Points; model: CrewModel };
  readonly #conversations: Conversation[] = [];
  #quietSinceMs: number | undefined;

  constructor(url: string, of: { seed: number; points: Points; model: CrewModel }) {
    this.#url = url;
    this.#of = of;
  }

  /** The server is not killed any more. */
  quiet(): void {
    this.#quietSinceMs = performance.now();
  }

  /** One conversation after another, until the last kill. */
  async lane(): Promise<void> {
    while (this.#quietSinceMs === undefined) {
      const conversation: Conversation = { id: `d${this.#conversations.length + 1}` };
      this.#conversations.push(conversation);
      await this.#play(conversation, new Chance(this.#of.seed, `client of ${conversation.id}`));
    }
  }

  async #play(conversation: Conversation, chance: Chance): Promise<void> {
    const { id } = conversation;
    const headers = { "idempotency-key": id, prefer: "respond-async" };
    const body = JSON.stringify({ content: id, agent: "chief" });
    const path = `/v1/sessions/${id}/messages`;
    const { turn } = await this.#sure<{ turn: string }>(path, { method: "POST", headers, body });
    this.#of.points.hit("client.acked");
    if (chance.happens(0.3)) {
      await pause(chance.whole(0, 1_500));
      await this.#sure(`/v1/sessions/${id}/cancel`, { method: "POST" });
      conversation.cancelledAtMs = performance.now();
    }
    for (;;) {
      const { status } = await this.#sure<{ status: string }>(`/v1/sessions/${id}/turns/${turn}`);
      if (!["queued", "running", "waiting"].includes(status)) return;
      if (this.#isGivenUp) return void this.stuck.push(`${id} stays ${status}`);
      await pause(50);
    }
  }

  /** All conversations once they have come to rest. */
  async collect(): Promise<CrewConversation[]> {
    const ended: CrewConversation[] = [];
    for (const conversation of this.#conversations) ended.push(await this.#settled(conversation));
    return ended;
  }

  /** As it is when nothing is wrong with it any more, or when waiting is given up. */
  async #settled(conversation: Conversation): Promise<CrewConversation> {
    for (;;) {
      const seen = await this.#look(conversation);
      if (crewFaults(seen, reviewBudgetMicros).length === 0 || this.#isGivenUp) return seen;
      await pause(500);
    }
  }

  async #look({ id, cancelledAtMs }: Conversation): Promise<CrewConversation> {
    const tree = await this.#tree(id);
    // What a session has not reported goes with its next activity.
    for (const { session } of all(tree))
      await this.#sure(`/v1/sessions/${session.id}`, { method: "PATCH", body: '{"title":"Seen"}' });
    const { usage } = await this.#sure<{ usage: { session: string; cost_micros: number }[] }>(
      "/v1/usage?group_by=session",
    );
    const ids = new Set(all(tree).map(({ session }) => session.id));
    const own = usage.filter(({ session }) => ids.has(session));
    const askedMs = this.#of.model.lastAskedMs.get(id) ?? 0;
    return {
      tree,
      isCancelled: cancelledAtMs !== undefined,
      ledgerMicros: own.reduce((sum, { cost_micros }) => sum + cost_micros, 0),
      ranAfterCancelMs: Math.max(0, askedMs - (cancelledAtMs ?? Number.POSITIVE_INFINITY)),
    };
  }

  async #tree(id: string): Promise<CrewTree> {
    const session = await this.#sure<CrewSessionJson>(`/v1/sessions/${id}`);
    const { entries } = await this.#sure<{ entries: CrewEntry[] }>(`/v1/sessions/${id}/entries?limit=500`);
    const names = new Set(
      entries.flatMap(({ type, children = {} }) =>
        type === "assistant" ? Object.values(children).map((child) => child.session) : [],
      ),
    );
    const below: CrewTree[] = [];
    // One that was stopped before its task left was never made.
    for (const name of names) if (await this.#isMade(name)) below.push(await this.#tree(name));
    return { session, entries, below };
  }

  async #isMade(name: string): Promise<boolean> {
    return (await this.#asked(`/v1/sessions/${name}`))?.status !== 404;
  }

  get #isGivenUp(): boolean {
    return this.#quietSinceMs !== undefined && performance.now() - this.#quietSinceMs > restMs;
  }

  /** The answer's JSON, asked for again until there is one: the server dies under it. */
  async #sure<T>(path: string, init: RequestInit = {}): Promise<T> {
    for (;;) {
      const asked = this.#asked(path, init);
      if (init.method === "POST") this.#of.points.hit("client.sent");
      const answer = await asked;
      if (answer !== undefined && answer.status < 300) return answer.json as T;
      if (answer !== undefined)
        throw new Error(`${init.method ?? "GET"} ${path}: ${answer.status} ${JSON.stringify(answer.json)}`);
      await pause(20);
    }
  }

  /** `undefined` when the server died or failed. */
  async #asked(path: string, init: RequestInit = {}): Promise<{ status: number; json: unknown } | undefined> {
    const headers = { authorization: "Bearer soak-key", "content-type": "application/json", ...init.headers };
    try {
      const response = await fetch(`${this.#url}${path}`, { ...init, headers });
      const json: unknown = await response.json();
      return response.status < 500 ? { status: response.status, json } : undefined;
    } catch {
      return undefined;
    }
  }
}
