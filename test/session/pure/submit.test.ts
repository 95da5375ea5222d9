import { expect, it } from "vitest";
import { responseWords } from "../../../src/doors/openai/responses/response-refusals.ts";
import { nativeWords } from "../../../src/doors/refusal-words.ts";
import { type OpenSession, openSession } from "../../../src/session/open-session.ts";
import { clientHistory } from "../../../src/session/read/reconcile.ts";
import { type SubmitRefusal, SubmitRefused } from "../../../src/session/refusal.ts";
import { SessionRecord } from "../../../src/session/store/session-record.ts";
import type { Submission } from "../../../src/session/submit/submit-rows.ts";
import { takeSubmission } from "../../../src/session/submit.ts";
import { asking, assistant, ended, result } from "../../support/entries.ts";
import { contentsOf, nodeStorage } from "../../support/node-storage.ts";

const message = { content: "Hi", options: {} };
const known = { key: "k1", bodyHash: "one" };
const given = (callId: string, content = "x") => ({ callId, content, isError: false });
const yes = (id: string) => ({ call: { id }, approve: true });

/** A turn whose first call was approved and has run, and that waits for a person (`c0` of its second step) and for a client (`c1`). */
function waitingTurn({ turns, log }: OpenSession): void {
  const turn = turns.accept({ message, receipt: known, onBusy: "queue" }, 1);
  log.append([
    asking(["first"], { turn, waits: { c0: "approval" }, toolCalls: [{ id: "done", name: "first", arguments: "{}" }] }),
    { type: "approval", turn, step: 1, callId: "done", name: "first", approve: true, by: "ada", atMs: 2 },
    result("done", { turn }),
    asking(["order", "lookup"], { turn, step: 2, waits: { c0: "approval", c1: "client" } }),
  ]);
}

/** What is refused there, and how. Each begins with what alone would be taken. */
const refused: [SubmitRefusal["code"], Submission][] = [
  ["turn_open", { messages: [message], onBusy: "reject" }],
  ["key_reused", { messages: [message], receipt: { key: "k1", bodyHash: "two" } }],
  ["message_too_large", { messages: [message, { content: "x".repeat(2_000_000), options: {} }] }],
  ["message_too_large", { results: [given("c1")], messages: [{ content: "x".repeat(2_000_000), options: {} }] }],
  ["no_such_call", { approvals: [yes("c0"), yes("nope")] }],
  ["no_such_call", { results: [given("c1"), given("nope")] }],
  ["call_not_waiting", { approvals: [yes("c0"), yes("done")] }],
  ["ref_not_waiting", { approvals: [yes("c0"), { call: { ref: "nope" }, approve: true }] }],
  ["call_of_client", { approvals: [yes("c0"), yes("c1")] }],
  ["call_of_person", { approvals: [yes("c0")], results: [given("c0")] }],
  ["other_call_shown", { results: [given("c1")], approvals: [{ ...yes("c0"), digest: "another" }] }],
  ["no_such_calls", { answers: "resent", results: [given("nope")] }],
  ["stray_result", { answers: "all", results: [given("c1"), given("nope")], approvals: [yes("c0")] }],
  ["stray_approval", { answers: "all", results: [given("c1")], approvals: [yes("c0"), yes("nope")] }],
  ["missing_result", { answers: "all", approvals: [yes("c0")] }],
  ["missing_approval", { answers: "all", results: [given("c1")], messages: [message] }],
  ["form_changed", { ...all(), continuation: { options: { responseFormat: { type: "json_object" } } } }],
  ["tool_forced", { ...all(), continuation: { options: { toolChoice: "required" } } }],
  ["decided_before", { answers: "all", approvals: [{ ...yes("done"), as: "mcpr_1" }], messages: [message] }],
  ["nothing_submitted", { claims: ["a name"] }],
];

function all(): Submission {
  return { answers: "all", results: [given("c1")], approvals: [yes("c0")], receipt: { key: "k2", bodyHash: "b" } };
}

function inSession(work: (session: OpenSession, rows: () => unknown) => void): void {
  const storage = nodeStorage();
  SessionRecord.create(storage.sql, { account: "a", name: "s" }, {}, 1);
  work(openSession(storage), () => contentsOf(storage));
}

function refusalOf(session: OpenSession, submission: Submission): SubmitRefusal | undefined {
  try {
    session.storage.transactionSync(() => takeSubmission(session, submission, () => {}));
    return undefined;
  } catch (error) {
    if (error instanceof SubmitRefused) return error.refusal;
    throw error;
  }
}

it.each(refused)("[SUBMIT-1] [SUBMIT-2] %s: changes no row, and has words in each door", (code, submission) =>
  inSession((session, rows) => {
    waitingTurn(session);
    const before = rows();
    const refusal = refusalOf(session, submission);
    expect(refusal).toMatchObject({ code });
    expect(rows()).toEqual(before);
    for (const words of [nativeWords, responseWords("s")]) {
      const error = refusal && words(refusal);
      expect(error?.message).toMatch(/\w+ .*\.$/);
      expect(error?.message).not.toMatch(/undefined|\[object/);
    }
  }),
);

it("[SUBMIT-1] answers, messages and what they go by are taken together, and the same again once", () =>
  inSession((session, rows) => {
    waitingTurn(session);
    const submission = { ...all(), messages: [message], continuation: { options: { model: "m2" } } };
    const take = () => session.storage.transactionSync(() => takeSubmission(session, submission, () => {}));
    const taken = take();
    expect(taken).toMatchObject({ type: "accepted", turn: "turn_1", afterSeq: 7, repeated: false });
    expect(session.log.read({ after: 5 })).toMatchObject([
      { type: "approval", callId: "c0", step: 2 },
      { type: "tool", callId: "c1", step: 2 },
    ]);
    expect(session.inbox.isJoined("turn_1")).toBe(true);
    expect(session.inbox.byTurn("turn_1")?.message.options).toEqual({ model: "m2" });
    const after = rows();
    expect(take()).toMatchObject({ type: "accepted", turn: "turn_1", afterSeq: 7, repeated: true });
    expect(rows()).toEqual(after);
  }));

it("[SUBMIT-1] [APP-13] of a history that differs from the transcript nothing is taken: where they part is told", () =>
  inSession((session, rows) => {
    const turn = session.turns.accept(
      { message: { content: "Hello", options: { via: "openai" } }, receipt: {}, onBusy: "queue" },
      1,
    );
    session.log.append([assistant({ turn }), ended({ turn })]);
    const before = rows();
    const submission = { messages: [message], history: { before: ["another"], results: [] } };
    // In an app without a door whose clients keep copies: it came from a Worker of another deployment.
    expect(() => takeSubmission(session, submission, () => {})).toThrow("Add openai() or aiSdk() to its doors.");
    session.history = clientHistory.session(session.log, () => false);
    expect(takeSubmission(session, submission, () => {})).toEqual({ type: "edited", items: 0, afterSeq: 0 });
    expect(rows()).toEqual(before);
  }));
