/** What an account's object does for plain turns, and nothing else: the calls that sessions make for them, without the sessions. */
import { accountObject } from "../../../src/account/account-object.ts";
import type { Bindings } from "../../../src/env.ts";

const question = "Which of the three suppliers that we spoke about delivers before the end of the month?";
const answer = "The second one delivers within ten days, and the first within three weeks. ".repeat(4);

/** `?turns=500&at_once=50&budget=true&account=name` */
export async function loadAccount(env: Bindings, { searchParams }: URL): Promise<Response> {
  const [turns, atOnce] = [Number(searchParams.get("turns")), Number(searchParams.get("at_once"))];
  const hasBudget = searchParams.get("budget") === "true";
  const object = accountObject(env, searchParams.get("account") ?? "");
  await object.putSettings("bench", hasBudget ? { budgetMicros: 1_000_000_000_000 } : {});
  let left = turns;
  const work = async (session: string) => {
    for (let seq = 2; left-- > 0; seq += 3) await turn(object, { session, seq, hasBudget });
  };
  await Promise.all(Array.from({ length: atOnce }, () => work(crypto.randomUUID())));
  return Response.json({ turns });
}

interface LoadTurn {
  session: string;
  /** Of the turn's reply. */
  seq: number;
  hasBudget: boolean;
}

async function turn(object: ReturnType<typeof accountObject>, { session, seq, hasBudget }: LoadTurn): Promise<void> {
  if (hasBudget) {
    await object.reserve({ session, seq, micros: 2_000 });
    await object.settle(session, seq, 300);
  }
  const nowMs = Date.now();
  const counts = { inputTokens: 500, cachedTokens: 400, outputTokens: 100, reasoningTokens: 0 };
  const summary = {
    id: session,
    agent: "bench",
    title: question.slice(0, 40),
    metadata: {},
    model: "m",
    prefix: null,
    status: "idle" as const,
    lastSeq: seq + 1,
    lastTurn: { turn: `turn_${seq}`, reason: "completed" as const, endedAtMs: nowMs },
    usage: { ...counts, steps: 1, costMicros: 300, rowsWritten: 16 },
    createdAtMs: nowMs,
    expiresAtMs: null,
    forkedFrom: null,
  };
  const step = { seq, atMs: nowMs, model: "m", agent: "bench", failed: false, retries: 0, repairs: 0, ...counts };
  const used = { costMicros: 300, firstEventMs: 300, durationMs: 2_000, rowsWritten: 16, kvReads: 0, kvWrites: 0 };
  const texts = [
    { seq: seq - 1, text: question },
    { seq, text: answer },
  ];
  await object.report(summary, { throughSeq: seq + 1, steps: [{ ...step, ...used }], texts });
}
