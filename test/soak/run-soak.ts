/** One soak: builds the Worker, lets clients play while the server is killed over and over, lets everything come to rest, and judges what was collected. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "../support/free-port.ts";
import { type Bug, caught } from "./bugs.ts";
import { checkSession, type Violation } from "./check.ts";
import { checkRollout, endedMarks } from "./check-rollout.ts";
import { checkTraces } from "./check-traces.ts";
import { buildWorker } from "./harness/build.ts";
import { pause } from "./harness/chance.ts";
import { Client } from "./harness/client.ts";
import { Collector } from "./harness/collector.ts";
import { Commits } from "./harness/commits.ts";
import { Killer } from "./harness/killer.ts";
import { Points } from "./harness/points.ts";
import { countedTurns, type RolloutEnd, RolloutRun } from "./harness/rollout-run.ts";
import { type HarnessServer, serveHarness } from "./harness/server.ts";
import { ToolServer } from "./harness/tool-server.ts";
import { Upstream } from "./harness/upstream.ts";
import { Workerd } from "./harness/workerd.ts";
import { type SoakReport, soakReport } from "./soak-report.ts";

/** Sessions played at a time. */
const lanes = 4;
/** A start takes no longer on a machine that has nothing else to do. */
const quickStartMs = 1_000;
/** Sessions that nobody contacts after the last kill: alarms alone must finish them. */
const sleepers = 2;

export interface SoakOptions {
  kills: number;
  seed: number;
  /** Messages that are sent before the last kill: the kills are spread evenly over them. Absent: one kill after another. */
  messages?: number | undefined;
  /** Built in; then the soak ends once it is noticed. */
  bug?: Bug | undefined;
}

/** Runs a soak to its end. Throws when the harness itself fails. */
export async function runSoak(options: SoakOptions): Promise<SoakReport> {
  const beganMs = performance.now();
  const script = await buildWorker(options.bug);
  const folder = await mkdtemp(join(tmpdir(), "longline-soak-"));
  const soak = new Soak(options);
  try {
    await soak.play(folder, script);
    return soak.report(performance.now() - beganMs);
  } finally {
    await soak.close();
    await rm(folder, { recursive: true, force: true });
  }
}

class Soak {
  readonly #options: SoakOptions;
  readonly #points = new Points();
  readonly #upstream: Upstream;
  readonly #tools: ToolServer;
  readonly #commits: Commits;
  readonly #collector: Collector;
  readonly #clients: Client[] = [];
  #rollout: RolloutEnd | undefined;
  #firstStartMs = 0;
  #server: HarnessServer | undefined;
  #workerd: Workerd | undefined;
  #killer: Killer | undefined;
  #quietSinceMs: number | undefined;
  #isOver = false;

  constructor(options: SoakOptions) {
    this.#options = options;
    this.#upstream = new Upstream(options.seed, this.#points);
    this.#tools = new ToolServer(options.seed, this.#points);
    this.#commits = new Commits(options.seed);
    this.#collector = new Collector(options.seed);
  }

  async play(folder: string, script: string): Promise<void> {
    const { kills, seed } = this.#options;
    this.#server = await serveHarness({
      upstream: this.#upstream,
      tools: this.#tools,
      commits: this.#commits,
      collector: this.#collector,
    });
    const workerd = new Workerd({ folder, script, port: await freePort(), harnessUrl: this.#server.url, seed });
    this.#workerd = workerd;
    await workerd.prepare();
    const beganMs = performance.now();
    await workerd.start();
    this.#firstStartMs = performance.now() - beganMs;
    const rollout = new RolloutRun(workerd.url);
    await rollout.begin();
    const killer = new Killer(seed, { workerd, commits: this.#commits, points: this.#points });
    this.#killer = killer;
    const playing = Array.from({ length: lanes }, () => this.#lane(workerd.url));
    for (let kill = 1; kill < kills && !this.#mayStop(); kill++) {
      await this.#untilSent((kill * (this.#options.messages ?? 0)) / kills);
      await killer.strike();
    }
    await this.#untilSent(this.#options.messages ?? 0);
    const asleep = Array.from({ length: sleepers }, () => this.#client(workerd.url));
    await Promise.all(asleep.map((client) => client.fallAsleep()));
    await killer.strike();
    this.#quietSinceMs = performance.now();
    await this.#untilFound(Promise.all([...playing, ...asleep.map((client) => client.wakeUp())]));
    const marks = endedMarks(this.#clients.map(({ log }) => log));
    if (!this.#mayStop()) this.#rollout = await rollout.ended(marks.length, this.#slowness);
  }

  report(durationMs: number): SoakReport {
    return soakReport({
      seed: this.#options.seed,
      kills: this.#killer?.kills ?? {},
      restartsMs: this.#killer?.restartsMs ?? [],
      vanished: this.#commits.vanished,
      logs: this.#clients.map(({ log }) => log),
      serverErrors: this.#clients.reduce((sum, { serverErrors }) => sum + serverErrors, 0),
      executions: this.#tools.executions,
      violations: this.#violations(),
      collector: this.#collector,
      rolloutTurns: this.#rollout === undefined ? 0 : countedTurns(this.#rollout.report),
      rolloutDecisions: this.#rollout?.report.decisions.length ?? 0,
      durationMs,
    });
  }

  async close(): Promise<void> {
    this.#isOver = true;
    await this.#workerd?.kill();
    await Promise.all(this.#clients.map((client) => client.giveUp()));
    await this.#server?.close();
  }

  get #slowness(): number {
    return Math.max(quickStartMs, this.#firstStartMs, ...(this.#killer?.restartsMs ?? [])) / quickStartMs;
  }

  #client(url: string): Client {
    const client = new Client(`s${this.#clients.length + 1}`, {
      url,
      seed: this.#options.seed,
      points: this.#points,
      lastAskedMs: (session) => this.#upstream.lastAskedMs.get(session),
      quietSinceMs: () => this.#quietSinceMs,
      isOver: () => this.#isOver,
      has: (spanId) => this.#collector.spans.has(spanId),
      slowness: () => this.#slowness,
    });
    this.#clients.push(client);
    return client;
  }

  /** One session after another, until the last kill. */
  async #lane(url: string): Promise<void> {
    while (this.#quietSinceMs === undefined && !this.#isOver) await this.#client(url).run();
  }

  /** Until clients have had so many messages accepted. */
  async #untilSent(count: number): Promise<void> {
    const accepted = () =>
      this.#clients.reduce((sum, { log }) => sum + log.messages.filter(({ turns }) => turns.length > 0).length, 0);
    while (accepted() < count && !this.#mayStop()) await pause(20);
  }

  /** A planted bug needs to be noticed once. */
  #mayStop(): boolean {
    const { bug } = this.#options;
    return bug !== undefined && caught(bug, this.#violations()) !== undefined;
  }

  async #untilFound(rest: Promise<unknown>): Promise<void> {
    let atRest = false;
    const done = rest.then(() => {
      atRest = true;
    });
    while (!atRest && !this.#mayStop()) await Promise.race([done, new Promise((resolve) => setTimeout(resolve, 200))]);
    // Whatever is left over is ended by `close`.
    done.catch(() => {});
  }

  #violations(): Violation[] {
    const logs = this.#clients.map(({ log }) => log);
    const ofRollout = this.#rollout === undefined ? [] : checkRollout(logs, this.#rollout);
    const ofSessions = this.#clients
      .filter((client) => client.finished)
      .flatMap(({ log }) => {
        const mine = this.#tools.executions.filter(({ callId }) => callId.startsWith(`call_${log.session}-`));
        return [...checkSession(log, mine), ...checkTraces(log, this.#collector)];
      });
    return [...ofSessions, ...ofRollout];
  }
}
