import { describe, expect, it } from "vitest";
import { followEvents, type ReadEvent } from "../../src/playground/chat/follow-events.ts";

const frame = (id: number) => `id: t-${id}\nevent: text.delta\ndata: {"text":"${id} "}\n\n`;
const bytes = new TextEncoder();

/** A server with ten events that sends so many bytes of what is left at each visit and then drops the line. */
function dropping(sizes: (number | "refuse")[]) {
  const asked: (string | undefined)[] = [];
  const seen: string[] = [];
  const states: string[] = [];
  const pauses: number[] = [];
  const hangUp = new AbortController();
  const all = Array.from({ length: 10 }, (_, place) => place + 1);
  const following = {
    async open(last: string | undefined) {
      asked.push(last);
      const size = sizes.shift();
      if (size === undefined) hangUp.abort();
      if (size === "refuse") throw new TypeError("unreachable");
      const from = last === undefined ? 0 : Number(last.slice(2));
      const text = all.slice(from).map(frame).join("");
      return new Response(bytes.encode(text).slice(0, size ?? 0));
    },
    onEvents: (events: ReadEvent[]) => seen.push(...events.map(({ data }) => (data as { text: string }).text.trim())),
    onState: (state: string) => states.push(state),
    isFinal: (error: unknown) => error instanceof RangeError,
    pause: async (ms: number) => void pauses.push(ms),
    signal: hangUp.signal,
  };
  return { following, asked, seen, states, pauses };
}

describe("following a session", () => {
  it("[PAGE-10] misses nothing and sees nothing twice, wherever the line breaks", async () => {
    const longest = frame(10).length * 10;
    for (let size = 1; size <= longest; size++) {
      const server = dropping([size, longest]);
      await followEvents(server.following);
      expect(server.seen, `broken after ${size} bytes`).toEqual("1 2 3 4 5 6 7 8 9 10".split(" "));
    }
  });

  it("[PAGE-10] says that it comes back, with pauses from half a second to five, short again once something came", async () => {
    const server = dropping(["refuse", "refuse", "refuse", "refuse", "refuse", "refuse", 50, "refuse", 1_000]);
    await followEvents(server.following);
    expect(server.pauses.slice(0, 8)).toEqual([500, 1000, 2000, 4000, 5000, 5000, 500, 1000]);
    expect(server.states.slice(0, 8)).toEqual([...Array(6).fill("reconnecting"), "live", "reconnecting"]);
    expect(server.asked[7]).toBe("t-1");
    expect(server.seen).toHaveLength(10);
  });

  it("[PAGE-10] a refusal that does not pass ends it", async () => {
    const server = dropping([]);
    const gone = { ...server.following, open: () => Promise.reject(new RangeError("erased")) };
    await expect(followEvents(gone)).rejects.toThrow("erased");
  });
});
