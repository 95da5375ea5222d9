import { expect, it } from "vitest";
import type { Entry, NewEntry } from "../../../src/core/entry.ts";
import { profileFor } from "../../../src/model/catalog.ts";
import { requestBody, serializeHead } from "../../../src/model/serialize.ts";
import { RequestWindow } from "../../../src/session/turn/request-window.ts";
import { MemoryLog } from "../../../src/test-kit/memory-log.ts";
import { asking, assistant, ended, failed, result, user } from "../../support/entries.ts";
import { randomOf } from "../../support/random.ts";

const profile = profileFor({ modelId: "demo", baseUrl: "https://demo.invalid", demo: true });
const head = serializeHead({ profile, tools: [], instructions: "Be kind." });
const usage = { inputTokens: 0, cachedTokens: 0, outputTokens: 0, reasoningTokens: 0 };

/** The entries of one turn, grouped by what is there before each request. */
function turnOf(n: number, chance: () => number): NewEntry[][] {
  const at = { turn: `turn_${n}` };
  const groups: NewEntry[][] = [[user({ ...at, content: `Question ${n} ${"x".repeat(chance() * 200)} 😀` })]];
  const steps = Math.floor(chance() * 4);
  for (let step = 1; step <= steps; step++) {
    const names = ["clock", "sum"].slice(0, 1 + Math.floor(chance() * 2));
    const results = names.map((_, place) => result(`c${place}`, { ...at, step, content: "r".repeat(chance() * 99) }));
    if (chance() < 0.5) results.reverse();
    groups.push([asking(names, { ...at, step, usage }), ...results]);
    if (chance() < 0.2) groups.push([user({ ...at, content: "And this?", joined: true })]);
  }
  const last = chance() < 0.2 ? failed({ ...at, step: steps + 1 }) : assistant({ ...at, step: steps + 1, usage });
  groups.push([last, ended(at)]);
  return groups;
}

it.each([1, 2, 3, 4, 5, 6, 7, 8])(
  "[PREFIX-8] request n+1 begins with request n, over a random session of seed %i",
  (seed) => {
    const chance = randomOf(seed);
    const rows: string[] = [];
    let log = new MemoryLog(rows);
    let windowSeq = 0;
    let conversation = new RequestWindow(log, () => windowSeq);
    let before: string | undefined;
    const request = () => {
      conversation.read(profile, head);
      return requestBody(head, conversation.messages()).slice(0, -2);
    };
    for (let n = 1; n <= 40; n++) {
      for (const group of turnOf(n, chance)) {
        log.append(group);
        // A crash: everything is read again from the log.
        if (chance() < 0.2) {
          log = new MemoryLog(rows);
          conversation = new RequestWindow(log, () => windowSeq);
        }
        const now = request();
        if (before !== undefined) expect(now.startsWith(before)).toBe(true);
        before = now;
      }
      if (chance() < 0.1) {
        const throughSeq = conversation.cut("overflow");
        if (throughSeq === undefined) continue;
        const last = log.last as Entry;
        // What is asked for the summary begins as the requests before did.
        expect(request().startsWith(requestBody(head, conversation.messages(throughSeq)).slice(0, -2))).toBe(true);
        const summary = { summary: `Summary ${n}`, durationMs: 0, usage, costMicros: 0 };
        log.append([{ type: "compaction", turn: last.turn, atMs: 0, throughSeq, ...summary }]);
        windowSeq = throughSeq;
        before = request();
        expect(before).toContain(`Summary ${n}`);
      }
    }
  },
);
