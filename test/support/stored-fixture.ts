/** Puts what an older Longline stored, as SQL, into Durable Objects of the Workers runtime. Times are shifted, so that it was recorded ten minutes ago. */
/// <reference types="vite/client" />
import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { bindings } from "./session-world.ts";

const dumps = import.meta.glob<string>("../fixtures/stored-6939c3a/*.sql", {
  query: "?raw",
  import: "default",
  eager: true,
});
const texts = import.meta.glob<string>("../fixtures/stored-6939c3a/expected.json", {
  query: "?raw",
  import: "default",
  eager: true,
});

/** Longer than the first pause of a delivery, so that it is due; shorter than any wait. */
const ageMs = 600_000;
/** Where the fixture's deliveries go; its own address is on loopback, which only `npm run dev` calls. */
export const receiverUrl = "https://receiver.example.com";

/** What the old code answered about what it had stored. */
export interface Expected {
  key: string;
  revokedKey: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into the JSON with matchers
  sessions: any[];
  /** Transcripts as JSONL, by session. */
  exports: Record<string, string>;
  prefix: { prefix: string; bytes: number };
  response: { id: string; output: unknown };
  deliveries: { id: string; session: string }[];
  usage: Record<"model" | "session", object>;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into the JSON with matchers
  account: any;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into the JSON with matchers
  keys: any;
  foundByHarbour: string[];
}

/** Fills all objects of the fixture, and says what they must be found to hold. */
export async function loadStored(): Promise<Expected> {
  const [text = ""] = Object.values(texts);
  const { recordedAtMs } = JSON.parse(text) as { recordedAtMs: number };
  const deltaMs = Date.now() - ageMs - recordedAtMs;
  for (const dump of Object.values(dumps)) await load(shifted(dump, deltaMs));
  return JSON.parse(shifted(text, deltaMs)) as Expected;
}

/** Names of all objects in the fixture: `Session acme:plain`. */
export const storedObjects: readonly string[] = Object.values(dumps).map(nameOf);

export function storedStub(name: string): DurableObjectStub {
  const [kind = "", ...rest] = name.split(" ");
  const namespace = kind === "Session" ? bindings.SESSIONS : bindings.ACCOUNTS;
  return namespace.getByName(rest.join(" "));
}

function nameOf(dump: string): string {
  return /^-- object: (.*)$/m.exec(dump)?.[1] ?? "";
}

async function load(dump: string): Promise<void> {
  const name = nameOf(dump);
  const alarm = /^-- alarm in ms since 1970: (\d+)$/m.exec(dump)?.[1];
  await runInDurableObject(storedStub(name), async (_, { storage }) => {
    // A session of another file may have reported itself to the account just now.
    await storage.deleteAll();
    storage.transactionSync(() => {
      for (const statement of dump.split(/;\n/)) if (statement.trim() !== "") storage.sql.exec(statement);
    });
  });
  // What was there before the rows were is forgotten: the next call starts the object as a deploy does.
  await evictDurableObject(storedStub(name));
  if (alarm !== undefined) {
    await runInDurableObject(storedStub(name), (_, { storage }) => storage.setAlarm(Number(alarm)));
  }
}

/** Times in ms since 1970 and in ISO 8601, in columns and in JSON. */
function shifted(text: string, deltaMs: number): string {
  return text
    .replaceAll(/\b1[789]\d{11}\b/g, (ms) => String(Number(ms) + deltaMs))
    .replaceAll(/\b20\d\d-\d\d-\d\dT[\d:.]+Z/g, (iso) => new Date(Date.parse(iso) + deltaMs).toISOString())
    .replaceAll("http://127.0.0.1:8999", receiverUrl);
}
