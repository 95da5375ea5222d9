/** What every transcript log must do, run over the one in memory and over SQLite. */
import { describe, expect, it } from "vitest";
import type { NewEntry } from "../../src/core/entry.ts";
import type { TranscriptLog } from "../../src/session/store/transcript-log.ts";
import { assistant, ended, result, user } from "./entries.ts";

/** `fresh` opens an empty store and hands `use` a function that opens a log over it, as often as it is called. */
export type WithStore = (use: (open: () => TranscriptLog) => void) => Promise<void>;

const three: NewEntry[] = [user({ content: "Grüße 👋" }), assistant({ content: "日本語\u0000\n" }), ended()];

export function logContract(name: string, withStore: WithStore): void {
  describe(`${name} keeps the log's contract`, () => {
    it("[LOG-1] gives entries seq 1, 2, 3 and reads them back equal", () =>
      withStore((open) => {
        const log = open();
        expect(log.lastSeq).toBe(0);
        expect(log.last).toBeUndefined();
        const placed = log.append(three);
        expect(placed).toEqual(three.map((entry, place) => ({ ...entry, seq: place + 1 })));
        expect(log.append([user({ turn: "turn_2" })])[0]?.seq).toBe(4);
        expect(log.append([])).toEqual([]);
        expect(log.read({ after: 0, limit: 3 })).toEqual(placed);
        expect([log.lastSeq, log.last]).toEqual([4, { ...user({ turn: "turn_2" }), seq: 4 }]);
      }));

    it("[LOG-2] reads what comes after a place, oldest first, at most as many as asked for", () =>
      withStore((open) => {
        const log = open();
        log.append(Array.from({ length: 10 }, (_, n) => result(`c${n}`)));
        const seqs = (range: { after: number; limit?: number }) => log.read(range).map((entry) => entry.seq);
        expect(seqs({ after: 0 })).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
        expect(seqs({ after: 7 })).toEqual([8, 9, 10]);
        expect(seqs({ after: 2, limit: 3 })).toEqual([3, 4, 5]);
        expect(seqs({ after: 10 })).toEqual([]);
        expect(seqs({ after: 99 })).toEqual([]);
      }));

    it("[LOG-3] goes on where a former log over the same store ended", () =>
      withStore((open) => {
        open().append(three);
        const again = open();
        expect([again.lastSeq, again.last?.type]).toEqual([3, "turn_ended"]);
        expect(again.append([user()])[0]?.seq).toBe(4);
      }));

    it("[LOG-4] keeps an entry of 5 MB whole, surrogate pairs included", () =>
      withStore((open) => {
        // Odd lengths in front of the pairs, so that some cut would fall between the halves of one.
        for (const lead of ["", "x"]) {
          const content = lead + "😀日".repeat(800_000);
          const log = open();
          const [placed] = log.append([user({ content })]);
          expect(log.read({ after: (placed?.seq ?? 0) - 1 })[0]).toEqual(placed);
          expect(open().last).toEqual(placed);
        }
      }));

    it("[LOG-6] reads the beginnings of entries in the same order and places, short entries whole", () =>
      withStore((open) => {
        const log = open();
        log.append([...three, user({ content: "é".repeat(700_000) }), ended()]);
        for (const range of [{ after: 0 }, { after: 2, limit: 2 }, { after: 5 }]) {
          const read = open().readBeginnings(range);
          const whole = log.read(range);
          expect(read.map(({ seq, type }) => [seq, type])).toEqual(whole.map(({ seq, type }) => [seq, type]));
          expect(read.filter(({ seq }) => seq !== 4)).toEqual(whole.filter(({ seq }) => seq !== 4));
        }
      }));

    it("[LOG-5] counts entries and the bytes of their JSON", () =>
      withStore((open) => {
        const log = open();
        expect(log.size()).toEqual({ entries: 0, bytes: 0 });
        const placed = log.append([...three, user({ content: "é".repeat(700_000) })]);
        const bytes = placed.reduce((sum, entry) => sum + new TextEncoder().encode(JSON.stringify(entry)).length, 0);
        expect(log.size()).toEqual({ entries: 4, bytes });
      }));
  });
}
