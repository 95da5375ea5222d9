/** A client of long tools in a soak: sends a message with plans, the signals that they wait for, one to three times each, and maybe a cancel. Collects what came of it. */
import { Chance, pause } from "./harness/chance.ts";
import { flatParts, type PlanOutcome, type PlanPart } from "./step-plan.ts";

/** How long a turn may take once the server is not killed any more. */
const stuckMs = 40_000;

interface TurnJson {
  turn: string;
  status: string;
}

export class StepClient {
  readonly session: string;
  readonly plans: PlanPart[][];
  readonly faults: string[] = [];
  readonly outcomes: PlanOutcome = {};
  state = "";
  /** Signals that were taken. */
  signals = 0;
  readonly #url: string;
  readonly #chance: Chance;
  #names = 0;
  /** A cancel was sent: the turn's calls may be over before its end is seen. */
  #isCancelling = false;

  constructor(session: string, { url, seed }: { url: string; seed: number }) {
    this.session = session;
    this.#url = `${url}/v1/sessions/${session}`;
    this.#chance = new Chance(seed, `client ${session}`);
    this.plans = Array.from({ length: this.#chance.whole(1, 3) }, () => this.#plan(2));
  }

  async run(isQuiet: () => boolean): Promise<void> {
    const content = JSON.stringify(this.plans.map((plan) => JSON.stringify(plan)));
    const headers = { "Idempotency-Key": this.session, Prefer: "respond-async" };
    const { turn } = (await this.#until("/messages", { content }, headers)) as TurnJson;
    const waits = this.plans.flatMap(flatParts).flatMap((part) => ("waitFor" in part ? [part.waitFor] : []));
    const isOver = () => this.state !== "";
    const signals = waits.flatMap((name) => {
      const times = this.#chance.whole(1, 3);
      return Array.from({ length: times }, () => this.#signal(name, this.#chance.whole(0, 1_500), isOver));
    });
    const cancelled = this.#chance.happens(0.12) ? this.#cancel(turn, this.#chance.whole(0, 2_000), isOver) : undefined;
    await this.#ended(turn, isQuiet);
    await Promise.all([...signals, cancelled]);
    if (this.state === "completed") await this.#readResults();
  }

  #plan(depth: number): PlanPart[] {
    return Array.from({ length: this.#chance.whole(1, 3) }, (): PlanPart => {
      const name = `${this.session}.${++this.#names}`;
      const kind = this.#chance.pick(["do", "do", "do", "sleep", "waitFor", "all"]);
      if (kind === "sleep") return { sleep: name, ms: this.#chance.whole(0, 600) };
      if (kind === "waitFor") return { waitFor: name, timeout: 3_600_000 };
      if (kind === "all" && depth > 0)
        return { all: Array.from({ length: this.#chance.whole(1, 3) }, () => this.#plan(depth - 1)) };
      return { do: name, effect: this.#chance.pick(["none", "keyed", "unsafe"]) };
    });
  }

  /** Sent until it is taken, or its turn is over. */
  async #signal(name: string, afterMs: number, isOver: () => boolean): Promise<void> {
    await pause(afterMs);
    const headers = this.#chance.happens(0.5) ? { "Idempotency-Key": name } : {};
    while (!isOver()) {
      const answer = await this.#ask("POST", `/signals/${name}`, { value: name }, headers);
      if (answer !== undefined && answer.status < 300) return void this.signals++;
      // 404: no call has come to it yet.
      const fine = this.#isCancelling ? [404, 410, 429] : [404, 429];
      if (answer !== undefined && !fine.includes(answer.status) && !isOver())
        this.faults.push(`the signal ${name} was answered ${answer.status} ${JSON.stringify(answer.body)}`);
      await pause(50);
    }
  }

  async #cancel(turn: string, afterMs: number, isOver: () => boolean): Promise<void> {
    await pause(afterMs);
    while (!isOver()) {
      this.#isCancelling = true;
      if ((await this.#ask("POST", `/cancel?turn=${turn}`)) !== undefined) return;
      await pause(50);
    }
  }

  async #ended(turn: string, isQuiet: () => boolean): Promise<void> {
    for (let quietMs = 0; ; ) {
      const answer = await this.#ask("GET", `/turns/${turn}`);
      const { status = "" } = (answer?.body ?? {}) as Partial<TurnJson>;
      if (!["", "queued", "running", "waiting"].includes(status) && answer?.status === 200) {
        if (status !== "completed" && status !== "cancelled") this.faults.push(`${turn} ended as ${status}`);
        this.state = status;
        return;
      }
      if (isQuiet()) quietMs += 100;
      if (quietMs > stuckMs) {
        this.faults.push(`${turn} does not end: ${JSON.stringify(answer?.body)}`);
        this.state = "stuck";
        return;
      }
      await pause(100);
    }
  }

  async #readResults(): Promise<void> {
    const { entries } = (await this.#until("/entries?limit=500")) as {
      entries: { type: string; message?: { content: string; is_error?: boolean } }[];
    };
    const results = entries.filter(({ type }) => type === "tool");
    if (results.length !== this.plans.length) this.faults.push(`there are ${results.length} results`);
    for (const { message } of results) {
      // A call is given up that was killed so often without getting further: its other steps do not count as lost.
      if (message?.content.startsWith("Outcome unknown: this tool was run ")) this.state = "given up";
      else if (message?.is_error) this.faults.push(`a call failed: ${message.content}`);
      else Object.assign(this.outcomes, JSON.parse(message?.content ?? "{}"));
    }
  }

  /** The answer's JSON, however often it must be asked for. */
  async #until(path: string, body?: object, headers?: Record<string, string>): Promise<unknown> {
    for (;;) {
      const answer = await this.#ask(body === undefined ? "GET" : "POST", path, body, headers);
      if (answer !== undefined && answer.status < 300) return answer.body;
      await pause(50);
    }
  }

  /** `undefined` when the server died under it. */
  async #ask(method: string, path: string, body?: object, headers: Record<string, string> = {}) {
    try {
      const answer = await fetch(`${this.#url}${path}`, {
        method,
        headers: { Authorization: "Bearer soak-key", "Content-Type": "application/json", ...headers },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      });
      const text = await answer.text();
      if (answer.status >= 500) return undefined;
      return { status: answer.status, body: JSON.parse(text) as unknown };
    } catch {
      return undefined;
    }
  }
}
