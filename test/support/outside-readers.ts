/** Every function that reads text from outside, as one call each; for the growth test and for the bench. */

import { parseJson } from "../../src/channels/parse-json.ts";
import { approvalText } from "../../src/channels/slack/pressed.ts";
import { namedUsers, readText } from "../../src/channels/slack/read-text.ts";
import { splitMarkdown } from "../../src/channels/split-markdown.ts";
import { Draft } from "../../src/core/assemble.ts";
import { CallIds } from "../../src/core/call-ids.ts";
import { parseCursor } from "../../src/core/cursor.ts";
import { entriesOfHistory, historyFault, itemDigest } from "../../src/core/history.ts";
import { isDeeper, textIsDeeper } from "../../src/core/nesting.ts";
import { outlineLines } from "../../src/core/outline.ts";
import { patternFault } from "../../src/core/pattern-cost.ts";
import { legalStep } from "../../src/core/repair.ts";
import { costOf } from "../../src/core/schema-cost.ts";
import { schemaFault } from "../../src/core/schema-measure.ts";
import { allOf, anyOf, readable, searchable } from "../../src/core/search-words.ts";
import { withoutCredentials, withoutSecret } from "../../src/core/secrets.ts";
import { namedTexts, namedUrls, originList } from "../../src/core/setting-lists.ts";
import { messengerText } from "../../src/core/shown-call.ts";
import { estimateTokens } from "../../src/core/window.ts";
import { readLine } from "../../src/doors/copies/transcript-text.ts";
import { inputFault } from "../../src/doors/openai/responses/read-input.ts";
import { classifyFailure } from "../../src/model/classify-failure.ts";
import { decide } from "../../src/model/demo/decide.ts";
import { jsonAnswer } from "../../src/model/demo/json-answer.ts";
import { JsonAnswer } from "../../src/model/json-answer.ts";
import { judgeAnswer } from "../../src/model/judge-by-schema.ts";
import { readLeak } from "../../src/model/leaked-calls.ts";
import { requestChange } from "../../src/model/request-change.ts";
import { retryAfterMs } from "../../src/model/retry.ts";
import { safeDetail } from "../../src/model/safe-detail.ts";
import { Salvage } from "../../src/model/salvage.ts";
import { createTranslator } from "../../src/model/translate.ts";
import { isDrawable } from "../../src/playground/markdown/drawable.ts";
import { withoutEntities } from "../../src/playground/markdown/entities.ts";
import { evaluate } from "../../src/tools/calculator.ts";
import { htmlToText } from "../../src/tools/html-to-text.ts";
import { prepareTool, remoteTool } from "../../src/tools/mcp/remote-tool.ts";
import { resultText } from "../../src/tools/mcp/result-text.ts";
import { parseArguments } from "../../src/tools/parse-arguments.ts";
import { fakeConversation } from "./crafted-values.ts";
import { payloadBatches } from "./payload-batches.ts";

export interface Reader {
  name: string;
  /** Longest text that reaches it, in characters; 1 MB when absent. */
  longest?: number;
  run(text: string): unknown;
}

const schema = {
  type: "object",
  properties: {
    a: { anyOf: [{ type: "string", pattern: "\\s+$", format: "uri" }, { type: "null" }] },
    list: { type: "array", uniqueItems: true, items: { anyOf: [{ type: "integer" }, { enum: ["a", "b"] }] } },
  },
  required: ["a"],
};
const remote = prepareTool({ name: "f", description: "", inputSchema: schema }, "s__f");
const remoteParse = remoteTool(remote, { url: "https://x.example", effect: "none" }, async () => ({
  content: [],
})).parse;
const ignore = () => {};

/** A function that refuses its input by a throw has read it all the same. */
function orThrow(work: () => unknown): unknown {
  try {
    return work();
  } catch {
    return undefined;
  }
}

function piecesOf(text: string, length: number): string[] {
  return Array.from({ length: Math.ceil(text.length / length) }, (_, n) => text.slice(n * length, (n + 1) * length));
}

function salvaged(text: string, length: number): void {
  const salvage = new Salvage({ leaksCalls: true });
  for (const piece of piecesOf(text, length)) salvage.text(piece);
  salvage.end(false);
}

async function events(text: string): Promise<void> {
  const bytes = new TextEncoder().encode(text);
  let at = 0;
  const body = new ReadableStream<Uint8Array>({
    pull(to) {
      if (at >= bytes.length) return to.close();
      to.enqueue(bytes.subarray(at, at + 1_000));
      at += 1_000;
    },
  });
  for await (const _ of payloadBatches(body)) ignore();
}

export const readers: Reader[] = [
  {
    name: "arguments of a tool",
    run: (text) => parseArguments(text, { schema, check: (input) => ({ ok: true, input }), mayRepair: true }),
  },
  {
    name: "a call without a name",
    run(text) {
      const draft = new Draft({ seq: 2, turn: "turn_1", step: 1, attempt: 1, model: "m" });
      draft.add({ type: "tool_call", index: 0, arguments: text.replaceAll('{"a":1}', "") });
      draft.add({ type: "finish", reason: "tool_calls" });
      draft.finish({ cancelled: false, prices: { hit: 0, miss: 0, output: 0 }, atMs: 1 });
    },
  },
  { name: "arguments of a remote tool", run: (text) => remoteParse(text) },
  { name: "an answer in a form", run: (text) => judgeAnswer(text, { type: "json_schema", schema }) },
  {
    name: "an answer in JSON as it comes",
    run(text) {
      const answer = new JsonAnswer();
      answer.text(text);
      answer.end();
    },
  },
  { name: "an answer without one", run: (text) => judgeAnswer(text, undefined) },
  { name: "a text against a schema", run: (text) => costOf(schema, { a: text, list: [text, text] }) },
  { name: "a pattern", run: (text) => patternFault(text) },
  {
    name: "a schema's words",
    run: (text) => schemaFault({ description: text, enum: [text], properties: { [text]: {} }, $ref: `#/${text}` }),
  },
  { name: "a schema", run: (text) => textIsDeeper(text) || orThrow(() => schemaFault(JSON.parse(text))) },
  {
    name: "a listed tool",
    longest: 20_000,
    run: (text) =>
      prepareTool(
        {
          name: text,
          description: text,
          inputSchema: { type: "object", properties: { [text]: { type: "string", pattern: text, description: text } } },
        },
        "f",
      ),
  },
  { name: "a remote result", run: (text) => resultText({ content: [{ type: "text", text }, { type: text }] }) },
  { name: "an HTML page", run: htmlToText },
  {
    name: "a refusal of a provider",
    longest: 65_536,
    run: (body) => classifyFailure({ status: 500, body, apiKey: "secret-key-1" }),
  },
  { name: "a refusal that asks for another request", longest: 65_536, run: (text) => requestChange(400, text) },
  { name: "an error in words", run: (text) => safeDetail(text, "secret-key-1") },
  {
    name: "an error with secrets",
    run: (text) => [withoutSecret(text, "secret-key-1"), withoutCredentials(text.slice(0, 65_536))],
  },
  { name: "a header that says when", longest: 8_000, run: (text) => retryAfterMs(text, 0) },
  { name: "events of a provider", run: events },
  { name: "a payload of a provider", run: (text) => createTranslator(undefined).translate(text) },
  { name: "leaked markup in one piece", run: (text) => salvaged(text, text.length) },
  { name: "leaked markup in small pieces", run: (text) => salvaged(text, 50) },
  { name: "a leak", run: (text) => readLeak(text) },
  { name: "Markdown for Slack", run: (text) => splitMarkdown(text, 11_000) },
  { name: "Markdown for Discord", run: (text) => splitMarkdown(text, 2_000) },
  { name: "Markdown for the page", run: isDrawable },
  { name: "entities on the page", run: withoutEntities },
  { name: "a formula", longest: 1_000, run: (text) => orThrow(() => evaluate(text)) },
  { name: "words of a search", run: (text) => [anyOf(text), allOf(text)] },
  { name: "a text that is indexed", longest: 200_000, run: (text) => readable(searchable(text)) },
  { name: "a message in Slack", longest: 262_144, run: (text) => [namedUsers(text), readText(text, "U1", new Map())] },
  { name: "a call that a person approves", longest: 262_144, run: (text) => messengerText(text) },
  {
    name: "a call that Slack shows",
    run: (text) => approvalText({ ref: "r", name: "f", arguments: text, state: "open" }),
  },
  { name: "a signed body", run: parseJson },
  { name: "the depth of a text", run: (text) => textIsDeeper(text) },
  {
    name: "the depth of a value",
    run: (text) => textIsDeeper(text, 10_000) || orThrow(() => isDeeper(JSON.parse(text))),
  },
  { name: "a setting of origins", longest: 5_120, run: (text) => originList(text, ignore) },
  { name: "a setting of secrets", longest: 5_120, run: (text) => namedTexts(text, ignore) },
  { name: "a setting of addresses", longest: 5_120, run: (text) => namedUrls(text, ignore) },
  { name: "a line of an import", run: (text) => orThrow(() => readLine(text)) },
  { name: "a cursor", run: parseCursor },
  { name: "a message that is told again", run: (content) => itemDigest({ role: "user", content }) },
  {
    name: "a long conversation",
    run: (text) => [
      historyFault(fakeConversation(text)),
      inputFault(fakeConversation(text)),
      entriesOfHistory(fakeConversation(text), { firstSeq: 1, firstTurn: 1, model: "m", atMs: 0 }),
    ],
  },
  {
    name: "an outline",
    run: (content) => outlineLines([{ type: "user", seq: 1, turn: "t", atMs: 0, content, options: {} }]),
  },
  {
    name: "a call that is sent again",
    run: (text) =>
      legalStep(
        { calls: [{ id: text, name: text, arguments: text }], results: [] },
        { ids: new CallIds(), seq: 1, mostChars: 1_000_000 },
      ),
  },
  { name: "the tokens of a text", run: estimateTokens },
  {
    name: "a message to the demo model",
    run: (content) => decide({ messages: [{ role: "user", content }] } as Parameters<typeof decide>[0]),
  },
  { name: "a form for the demo model", run: (text) => jsonAnswer(text, text) },
];
