/** The eventsource package: the native door's stream of a session, and going on after a cut. */
import { EventSource } from "eventsource";
import { type Client, expect, expectCount, expectPieces, na, type Place } from "../aspects.ts";

const names = [
  "turn.started",
  "text.delta",
  "tool.called",
  "tool.finished",
  "message.completed",
  "turn.ended",
  "error",
];

interface Frame {
  name: string;
  id: string;
  data: {
    type?: string;
    text?: string;
    content?: string;
    reason?: string;
    message?: { content: string };
    usage?: { output_tokens: number };
  };
}

/** Reads until the turn has ended, or `isEnough` says so. */
function read(place: Place, path: string, isEnough: (frames: Frame[]) => boolean = ended): Promise<Frame[]> {
  const frames: Frame[] = [];
  const source = new EventSource(`${place.url}/v1/sessions/${place.mark}/events${path}`, {
    fetch: (url, init) => fetch(url, { ...init, headers: { ...init.headers, Authorization: `Bearer ${place.key}` } }),
  });
  return new Promise((resolve, reject) => {
    for (const name of names) {
      source.addEventListener(name, ({ data, lastEventId }) => {
        if (data === undefined) return;
        frames.push({ name, id: lastEventId, data: JSON.parse(data) });
        if (!isEnough(frames)) return;
        source.close();
        resolve(frames);
      });
    }
    source.addEventListener("error", (event) => {
      if ("code" in event && event.code !== undefined) {
        source.close();
        reject(Object.assign(new Error(`the stream was refused with ${event.code}`), { code: event.code }));
      }
    });
  });
}

const ended = (frames: Frame[]) => frames.at(-1)?.name === "turn.ended";
const deltasOf = (frames: Frame[]) =>
  frames.filter(({ name }) => name === "text.delta").map(({ data }) => data.text ?? "");

async function say(place: Place, content: string, extra: object = {}): Promise<void> {
  const headers = { Authorization: `Bearer ${place.key}`, "Content-Type": "application/json", Prefer: "respond-async" };
  const body = JSON.stringify({ content, ...extra });
  const answer = await fetch(`${place.url}/v1/sessions/${place.mark}/messages`, { method: "POST", headers, body });
  expect("status of the message", answer.status, 202);
}

export const client: Client = {
  packages: ["eventsource"],
  checks: {
    async plain(place) {
      await say(place, "Hi");
      const frames = await read(place, "");
      expect(
        "message",
        frames.find(({ name }) => name === "message.completed")?.data.message?.content,
        "Hello from the model.",
      );
      expect("types in the data", [...new Set(frames.map(({ name, data }) => data.type === name))], [true]);
    },
    async stream(place) {
      await say(place, "Count slowly");
      const pieces = deltasOf(await read(place, "", (frames) => deltasOf(frames).length === 5));
      expect("text", expectPieces("text", pieces), /^1 2 3 4 /);
    },
    async tools(place) {
      await say(place, 'Use `calculator` with {"expression":"6*7"}');
      const frames = await read(place, "");
      expect("result", frames.find(({ name }) => name === "tool.finished")?.data.content, /42/);
    },
    structured: na("it only reads"),
    abort: na("it only reads: a reader that leaves stops nothing"),
    async errors(place) {
      const failure = await read({ ...place, key: "wrong-key-of-a-caller" }, "").catch((error) => error);
      expect("code of a wrong key", failure.code, 401);
      await say(place, "Fail please");
      expect("reason of a failed turn", (await read(place, "")).at(-1)?.data.reason, "failed");
    },
    async usage(place) {
      await say(place, "Hi");
      const { usage } = (await read(place, "")).at(-1)?.data ?? {};
      expectCount("output", usage?.output_tokens);
    },
    async resume(place) {
      await say(place, "Count slowly");
      const cut = await read(place, "", (frames) => deltasOf(frames).length === 3);
      const reading = read(place, `?after=${cut.at(-1)?.id}`);
      const headers = { Authorization: `Bearer ${place.key}` };
      await fetch(`${place.url}/v1/sessions/${place.mark}/cancel`, { method: "POST", headers });
      const rest = await reading;
      const completed = rest.find(({ name }) => name === "message.completed")?.data;
      expect("text", [...deltasOf(cut), ...deltasOf(rest)].join(""), completed?.message?.content);
      const token = await tokenOf(place);
      const source = new EventSource(`${place.url}/v1/sessions/${place.mark}/events?token=${token}`);
      const opened = await new Promise<boolean>((resolve) => {
        source.onopen = () => resolve(true);
        source.onerror = () => resolve(false);
      });
      source.close();
      expect("a browser's EventSource, which can send no header, is let in by ?token=", opened, true);
    },
  },
};

async function tokenOf(place: Place): Promise<string> {
  const headers = { Authorization: `Bearer ${place.key}`, "Content-Type": "application/json" };
  const body = JSON.stringify({ rights: ["read"] });
  const answer = await fetch(`${place.url}/v1/sessions/${place.mark}/tokens`, { method: "POST", headers, body });
  return ((await answer.json()) as { token: string }).token;
}
