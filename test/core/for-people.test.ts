import { describe, expect, it } from "vitest";
import type { Entry, NewEntry } from "../../src/core/entry.ts";
import type { FailureCode } from "../../src/core/errors.ts";
import { eventsOfEntry, type PlacedEvent } from "../../src/core/event.ts";
import { entryForPeople, eventsForPeople } from "../../src/core/for-people.ts";
import { refusalWords, userWords } from "../../src/core/user-words.ts";
import { entryJson } from "../../src/wire/native.ts";
import { isNativeEvent, nativeEvent } from "../../src/wire/native-events.ts";
import { assistant, ended, failed, result, user } from "../support/entries.ts";
import { codes } from "../support/failure-codes.ts";

const secret = "SECRET of api.host.example: set MODEL_API_KEY";
const nativeDataOf = (events: readonly PlacedEvent[]) =>
  events.flatMap(({ event }) => (isNativeEvent(event) ? [nativeEvent(event).data] : []));
const place = (entry: NewEntry) => ({ ...entry, seq: 1 }) as Entry;

describe("what the holder of a session's token sees", () => {
  it.each(Object.keys(codes) as FailureCode[])("[WORDS-5] of %s is its sentence, in every entry and event", (code) => {
    const failure = { code, detail: secret, raw: secret, retryable: true, retryAfterMs: 5 };
    const tries = [{ model: "m", failure, textChars: 0 }];
    const usage = { inputTokens: 0, cachedTokens: 0, outputTokens: 0, reasoningTokens: 0 };
    const paid = { usage, costMicros: 0, durationMs: 0, atMs: 1 };
    const entries: NewEntry[] = [
      user({ options: { instructions: secret } }),
      assistant({ content: "Hello", tries }),
      failed({ failure, tries }),
      { type: "compaction", turn: "turn_1", throughSeq: 1, summary: "s", failure, ...paid },
      ended({ reason: "failed", failure }),
    ];
    for (const entry of entries.map(place)) {
      const shown = entryForPeople(entry);
      expect(JSON.stringify(entryJson(shown))).not.toContain("SECRET");
      const into = { attempt: 0, reasoning: 0, text: 1, calls: 0 };
      for (const { event } of eventsForPeople(eventsOfEntry(entry, into))) {
        expect(JSON.stringify(isNativeEvent(event) && nativeEvent(event))).not.toContain("SECRET");
      }
    }
    expect(entryJson(entryForPeople(place(ended({ reason: "failed", failure }))))).toMatchObject({
      error: { code, message: userWords(failure), detail: userWords(failure) },
    });
  });

  it("[WORDS-5] of a budget that was used up under an earlier version, which did not say what was missing, too", () => {
    const entry = place(ended({ reason: "budget_exhausted" }));
    const error = { code: "budget_exhausted", message: userWords({ code: "budget_exhausted" }) };
    expect(entryJson(entryForPeople(entry))).toMatchObject({ error });
    expect(nativeDataOf(eventsForPeople(eventsOfEntry(entry)))).toMatchObject([{ error }]);
  });

  it("[SPEED-4] is shared by readers where nothing in it is for operators", () => {
    const events = [user(), assistant({ content: "Hello" }), result("a"), ended()]
      .map(place)
      .flatMap((entry) => eventsOfEntry(entry));
    expect(eventsForPeople(events)).toBe(events);
  });

  it.each(Object.entries(refusalWords))("[WORDS-6] refused by %s it is one sentence with what to do", (_, words) => {
    expect(words).toMatch(/^[A-Z][a-z ,]+; please [a-z ]+\.$/);
  });
});
