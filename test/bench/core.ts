/** `npm run bench -- core`: what streaming and requests cost inside the core, in Node, as ratios within one run. Asserts nothing. */
import { Draft } from "../../src/core/assemble.ts";
import { eventsOfDraft } from "../../src/core/event.ts";
import { estimateTokens } from "../../src/core/window.ts";
import { profileFor } from "../../src/model/catalog.ts";
import { generate } from "../../src/model/client.ts";
import { requestBody, serializeHead } from "../../src/model/serialize.ts";
import { RequestWindow } from "../../src/session/turn/request-window.ts";
import { MemoryLog } from "../../src/test-kit/memory-log.ts";
import { timeouts } from "../../src/test-kit/memory-session.ts";
import { assistant, ended, user } from "../support/entries.ts";
import { benchCraftedInput } from "./crafted-input.ts";

const profile = profileFor({ modelId: "demo", baseUrl: "https://x.test", demo: true });
const of = { seq: 2, turn: "turn_1", step: 1, attempt: 1, model: "m" };

/** Median of seven runs in ms, after one that is not counted. */
async function time(work: () => unknown): Promise<number> {
  const runs: number[] = [];
  for (let n = 0; n < 8; n++) {
    const began = performance.now();
    await work();
    runs.push(performance.now() - began);
  }
  return runs.slice(1).toSorted((a, b) => a - b)[3] ?? 0;
}

const report = (what: string, figure: string) => console.log(`${what.padEnd(86)} ${figure}`);
const ratio = (a: number, b: number) => `${(a / b).toFixed(2)} (${a.toFixed(2)} ms / ${b.toFixed(2)} ms)`;

/** 20,000 deltas, ten to a read, as a provider sends them. */
const deltas = 20_000;
const payload = JSON.stringify({
  choices: [{ index: 0, delta: { content: " word" }, finish_reason: null }],
  usage: null,
});
const read = new TextEncoder().encode(`data: ${payload}\n\n`.repeat(10));
const last = new TextEncoder().encode('data: {"choices":[{"delta":{},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n');
const upstream: typeof fetch = async () => {
  let left = deltas / 10;
  const body = new ReadableStream({
    pull(to) {
      if (left-- > 0) return to.enqueue(read);
      to.enqueue(last);
      to.close();
    },
  });
  return new Response(body, { headers: { "content-type": "text/event-stream" } });
};

async function stream(readers: number): Promise<void> {
  const draft = new Draft(of);
  const places = Array.from({ length: readers }, () => eventsOfDraft(draft).at(-1)?.cursor.into);
  const request = {
    baseUrl: "https://x.test",
    body: "{}",
    fetch: upstream,
    signal: new AbortController().signal,
    timeouts,
  };
  for await (const events of generate(request)) {
    for (const event of events) draft.add(event);
    places.forEach((place, reader) => {
      places[reader] = eventsOfDraft(draft, place).at(-1)?.cursor.into ?? place;
    });
  }
}

const parsed = await time(() => {
  for (let n = 0; n < deltas; n++) JSON.parse(payload);
});
report(
  "a stream of 20,000 deltas, bytes to draft, against JSON.parse of each delta once",
  ratio(await time(() => stream(0)), parsed),
);
report("the same with ten readers, against none", ratio(await time(() => stream(10)), await time(() => stream(0))));

const grown = (chars: number) => {
  const draft = new Draft(of);
  for (let n = 0; n < chars; n += 5) draft.add({ type: "text", text: " word" });
  const into = { attempt: 1, reasoning: 0, text: chars - 5, calls: 0 };
  return () => {
    for (let n = 0; n < 20_000; n++) eventsOfDraft(draft, into);
  };
};
report(
  "reading the newest delta of 1,000,000 characters, against of 1,000",
  ratio(await time(grown(1_000_000)), await time(grown(1_000))),
);

function session(turns: number) {
  const log = new MemoryLog();
  const conversation = new RequestWindow(log, () => 0);
  const turn = (n: number) => {
    const at = { turn: `turn_${n}` };
    log.append([
      user({ ...at, content: `Question ${n}. `.repeat(3) }),
      assistant({ ...at, content: `Answer ${n}. `.repeat(10) }),
      ended(at),
    ]);
  };
  for (let n = 0; n < turns; n++) turn(n);
  conversation.read(profile, "");
  let next = turns;
  return () => {
    turn(next++);
    conversation.read(profile, "");
    return conversation.messages();
  };
}
const head = serializeHead({ profile, tools: [], instructions: "Be brief." });
const [short, long] = [session(5), session(5_000)];
report("encoding a new turn behind 10,000 messages, against behind 10", ratio(await time(long), await time(short)));
const window = session(2_300);
const body = requestBody(head, window());
const copied = await time(() => new TextEncoder().encode("x".repeat(body.length)));
report(
  `a turn more and the body of ${Math.round(estimateTokens(body) / 1000)}K tokens, against copying its bytes`,
  ratio(await time(() => new TextEncoder().encode(requestBody(head, window()))), copied),
);

await benchCraftedInput(report);
