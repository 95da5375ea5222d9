/** A session of the app whose agents call one another (`test/app/crew.ts`), with a provider that answers each agent what the test queued for it: children work side by side, so their requests come in any order. */
import { runInDurableObject } from "cloudflare:test";
import { accountObject } from "../../src/account/account-object.ts";
import { unwrap } from "../../src/account/outcome.ts";
import type { Entry } from "../../src/core/entry.ts";
import { accepted } from "../../src/doors/refusal-words.ts";
import { sessionObject } from "../../src/session/session-object.ts";
import type { Submission } from "../../src/session/submit/submit-rows.ts";
import { crewBindings } from "../app/crew.ts";
import type { RecordedRequest, Reply } from "./fake-provider.ts";
import { bindings, startProvider } from "./session-world.ts";
import { readEvents } from "./sse-reader.ts";

const beginnings = {
  manager: "You have others",
  support: "You help",
  editor: "You edit",
  researcher: "You find",
  writer: "You write",
  reviewer: "You review",
  fact: "You know",
} as const;
export type CrewAgent = keyof typeof beginnings;

export function startCrew() {
  const provider = startProvider();
  const queues: Partial<Record<CrewAgent, Reply[]>> = {};
  const asked: { agent: CrewAgent; request: RecordedRequest }[] = [];
  const route: Reply = (request, signal) => {
    const system: string = request.body.messages[0].content;
    const [agent] = Object.entries(beginnings).find(([, begins]) => system.startsWith(begins)) ?? ["manager"];
    asked.push({ agent: agent as CrewAgent, request });
    const next = queues[agent as CrewAgent]?.shift();
    if (next === undefined) throw new Error(`the test queued no answer for the ${agent}`);
    return next(request, signal);
  };
  provider.enqueue(...Array.from({ length: 100 }, () => route));
  return {
    ...provider,
    /** What this agent answers next. */
    answers(agent: CrewAgent, ...replies: Reply[]) {
      queues[agent] = [...(queues[agent] ?? []), ...replies];
    },
    askedOf: (agent: CrewAgent) => asked.filter((each) => each.agent === agent).map(({ request }) => request),
  };
}

export class CrewWorld {
  readonly account = `crew-${crypto.randomUUID().slice(0, 8)}`;
  readonly name: string = crypto.randomUUID();

  constructor(account?: string, name?: string) {
    if (account !== undefined) this.account = account;
    if (name !== undefined) this.name = name;
  }

  get address() {
    return { account: this.account, name: this.name };
  }

  /** Made anew at each use: a stub whose object was evicted is broken. */
  get stub() {
    return sessionObject(crewBindings(bindings), this.address);
  }

  get accountStub() {
    return accountObject(crewBindings(bindings), this.account);
  }

  /** The session of that name in the same account. */
  session(name: string): CrewWorld {
    return new CrewWorld(this.account, name);
  }

  /** The session that works for the parent's newest call, or for the call of this id. */
  async child(callId?: string): Promise<CrewWorld> {
    const replies = (await this.entries()).flatMap((entry) => (entry.type === "assistant" ? [entry] : []));
    const children = replies.flatMap(({ children = {} }) => Object.entries(children));
    const found = children.findLast(([id]) => callId === undefined || id === callId)?.[1];
    if (found === undefined) throw new Error("no agent was called");
    return this.session(found.session);
  }

  async submit(given: Submission) {
    return accepted(await this.stub.submit(this.address, given));
  }

  async send(content: string, more: Partial<Submission> = {}) {
    return this.submit({ messages: [{ content, options: {} }], create: { agent: "manager" }, ...more });
  }

  async ended(turn: string) {
    const state = unwrap(await this.stub.wait(turn, 20_000));
    if (state.status !== "ended") throw new Error(`${turn} is still ${state.status}`);
    return state;
  }

  async ask(content: string) {
    return this.ended((await this.send(content)).turn);
  }

  async entries(): Promise<Entry[]> {
    return unwrap(await this.stub.entries({ after: 0, limit: 1000 })).entries;
  }

  async results() {
    return (await this.entries()).flatMap((entry) => (entry.type === "tool" ? [entry] : []));
  }

  /** What the ledger has of all sessions of the account, and what this one says of itself and all below it, in micro-dollars. */
  async sums(): Promise<{ ledger: number; session: number }> {
    const rows = await this.accountStub.usage({ group: "session", fromMs: 0, toMs: Number.MAX_SAFE_INTEGER });
    const { usage } = unwrap(await this.stub.describe());
    const ledger = rows.reduce((sum, { costMicros }) => sum + costMicros, 0);
    return { ledger, session: usage.costMicros + (usage.children?.costMicros ?? 0) };
  }

  async events(query = "live=false") {
    return readEvents(await this.stub.fetch(`https://session/events?${query}`));
  }

  inside<T>(look: (storage: DurableObjectStorage) => T | Promise<T>): Promise<T> {
    return runInDurableObject(this.stub, (_, { storage }) => look(storage));
  }
}
