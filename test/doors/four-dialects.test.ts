import { createParser } from "eventsource-parser";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { checkedWorker } from "../support/checked-worker.ts";
import { calls, text } from "../support/fake-provider.ts";
import { startProvider } from "../support/session-world.ts";

const worker = checkedWorker();
let provider: ReturnType<typeof startProvider>;
beforeEach(() => {
  provider = startProvider();
});
afterEach(() => {
  vi.restoreAllMocks();
});

interface Told {
  id: string | undefined;
  // biome-ignore lint/suspicious/noExplicitAny: the test looks into the JSON of four dialects
  data: any;
}
async function read(path: string, init: RequestInit = {}): Promise<Told[]> {
  const headers = { Authorization: "Bearer test-key", "Content-Type": "application/json", ...init.headers };
  const answer = await worker.fetch(`https://longline.test${path}`, { ...init, headers });
  expect(answer.status, path).toBe(200);
  const told: Told[] = [];
  const onEvent = ({ id, data }: { id?: string | undefined; data: string }) => {
    if (data !== "[DONE]") told.push({ id, data: JSON.parse(data) });
  };
  createParser({ onEvent }).feed(await answer.text());
  return told;
}
const behind = (id: string) => ({ headers: { "Last-Event-ID": id } });
const joined = (told: readonly Told[], textOf: (data: Told["data"]) => string | undefined) =>
  told.map(({ data }) => textOf(data) ?? "").join("");
/** What a client has before it is cut off behind event `place`, and the rest that it gets. */
type Cut = { before: Told[]; rest: () => Promise<Told[]> };

const whole = "Well.\n\nIt is **42**, and not a bit more. Schön! 👋";

it("[DIALECTS-1] one turn, read by every dialect and cut at every position, ends in the same text to the byte", async () => {
  const id = crypto.randomUUID();
  provider.enqueue(calls([{ name: "calculator", arguments: '{"expression":"6*7"}' }]), text(whole));
  const said = { id: "m1", role: "user", parts: [{ type: "text", text: "What is 6*7?" }] };
  const body = JSON.stringify({ id, messages: [said] });
  const ui = () => read("/v1/ui/messages", { method: "POST", body });
  const dialects = {
    native: {
      textOf: (data: Told["data"]) => (data.call_id === undefined && data.message === undefined ? data.text : ""),
      whole: () => read(`/v1/sessions/${id}/events?live=false`),
      after: ({ id: last = "" }: Told) => read(`/v1/sessions/${id}/events?live=false`, behind(last)),
      isPlace: (told: Told) => told.id !== undefined,
    },
    chat: {
      textOf(data: Told["data"]) {
        expect(data.error, JSON.stringify(data)).toBeUndefined();
        return data.choices[0]?.delta.content;
      },
      whole: () => read(`/v1/chat/completions/chatcmpl-${id}.1?stream=true`),
      after: ({ id: last = "" }: Told) => read(`/v1/chat/completions/chatcmpl-${id}.1?stream=true`, behind(last)),
      isPlace: (told: Told) => told.id !== undefined,
    },
    responses: {
      textOf: (data: Told["data"]) => (data.type === "response.output_text.delta" ? data.delta : ""),
      whole: () => read(`/v1/responses/resp_${id}.1?stream=true`),
      after: ({ data }: Told) => read(`/v1/responses/resp_${id}.1?stream=true&starting_after=${data.sequence_number}`),
      isPlace: () => true,
    },
    // Its clients are told the whole message again, and put it in the place of what they had.
    ui: {
      textOf: (data: Told["data"]) => (data.type === "text-delta" ? data.delta : ""),
      whole: ui,
      after: ui,
      isPlace: () => false,
    },
  };
  await ui();
  let cuts = 0;
  for (const [name, { textOf, whole: all, after, isPlace }] of Object.entries(dialects)) {
    const told = await all();
    expect(joined(told, textOf), name).toBe(whole);
    for (const [place, last] of told.entries()) {
      if (!isPlace(last)) continue;
      const cut: Cut = { before: told.slice(0, place + 1), rest: () => after(last) };
      expect(joined(cut.before, textOf) + joined(await cut.rest(), textOf), `${name} behind ${place}`).toBe(whole);
      cuts++;
    }
    expect(joined(await after(told[0] as Told), textOf).endsWith("Schön! 👋"), name).toBe(true);
  }
  expect(cuts).toBeGreaterThan(10);

  // As a reader stands who was cut off within the text, after any of its characters.
  const { native, chat, responses } = dialects;
  const into = (told: readonly Told[]) => told.find(({ id: last }) => last?.includes(`.${whole.length}.`))?.id ?? "";
  const placeIn = (last: string, units: number) => last.replace(`.${whole.length}.`, `.${units}.`);
  const [inNative, inChat] = [into(await native.whole()), into(await chat.whole())];
  const delta = (await responses.whole()).find(({ data }) => responses.textOf(data) === whole);
  const end = delta?.data.sequence_number as number;
  for (let units = 0; units <= whole.length; units++) {
    const rests = [
      joined(await native.after({ id: placeIn(inNative, units), data: {} }), native.textOf),
      joined(await chat.after({ id: placeIn(inChat, units), data: {} }), chat.textOf),
      joined(
        await responses.after({ id: undefined, data: { sequence_number: end - whole.length + units } }),
        responses.textOf,
      ),
    ];
    expect(rests, `behind ${units} units`).toEqual(Array(3).fill(whole.slice(units)));
  }
});
