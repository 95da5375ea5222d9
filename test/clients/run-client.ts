/** Runs the checks of one client, `node run-client.ts NAME`, and prints a line of JSON for each. A process of its own, so that no client disturbs another. */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import {
  type Aspect,
  aspects,
  type Check,
  type Client,
  type Outcome,
  outcomeMark,
  type Place,
  type SeenRequest,
  shorten,
} from "./aspects.ts";

const defaultLimitMs = 20_000;
const {
  WIRE = "",
  LONGLINE_URL = "",
  LONGLINE_KEY = "",
  LONGLINE_MODEL = "",
  SEEN_URL = "",
  CLIENT_FOLDER = "",
} = process.env;

// A client that rejects beside its call is a fault of the aspect that runs, not the end of all.
process.on("unhandledRejection", (error) => process.stderr.write(`unhandled: ${error}\n`));
process.on("uncaughtException", (error) => process.stderr.write(`uncaught: ${error}\n`));

if (WIRE !== "") showWire();

const name = process.argv[2] ?? "";
const wanted = (process.argv[3] ?? aspects.join(",")).split(",");
const { client } = (await import(pathToFileURL(join(import.meta.dirname, "clients", `${name}.ts`)).href)) as {
  client: Client;
};
for (const aspect of aspects.filter((each) => wanted.includes(each))) {
  const outcome = await tried(client, name, aspect);
  process.stdout.write(`\n${outcomeMark}${JSON.stringify(outcome)}\n`);
}
process.exit(0);

async function tried(client: Client, name: string, aspect: Aspect): Promise<Outcome> {
  const check = client.checks[aspect];
  if (typeof check !== "function") return { aspect, state: check.kind, note: check.cause, ms: 0 };
  const startMs = Date.now();
  try {
    const note = await bounded(check, await placeFor(name, aspect), client.limitMs ?? defaultLimitMs);
    return { aspect, state: "ok", note: note ?? "", ms: Date.now() - startMs };
  } catch (error) {
    process.stderr.write(`${name} ${aspect}: ${error instanceof Error ? error.stack : JSON.stringify(error)}\n`);
    const cause = error instanceof Error ? `${error.name}: ${error.message}` : JSON.stringify(error);
    return { aspect, state: "FAIL", note: shorten(cause, 500), ms: Date.now() - startMs };
  }
}

async function bounded(check: Check, place: Place, limitMs: number): Promise<string | undefined> {
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`not done after ${limitMs} ms`)), limitMs);
  try {
    return (await Promise.race([check(place), promise])) ?? undefined;
  } finally {
    clearTimeout(timer);
  }
}

async function placeFor(name: string, aspect: Aspect): Promise<Place> {
  const mark = `${name}-${aspect}-${crypto.randomUUID().slice(0, 8)}`;
  const folder = join(CLIENT_FOLDER, aspect);
  await mkdir(folder, { recursive: true });
  return {
    url: LONGLINE_URL,
    key: LONGLINE_KEY,
    model: LONGLINE_MODEL,
    mark,
    folder,
    seen: async () => (await fetch(`${SEEN_URL}?mark=${mark}`)).json() as Promise<SeenRequest[]>,
  };
}

/** Prints what goes to the Worker through `fetch`, and what comes back. */
function showWire(): void {
  const original = globalThis.fetch;
  globalThis.fetch = async (input, init) => {
    const request = new Request(input, init);
    if (!request.url.startsWith(LONGLINE_URL)) return original(input, init);
    process.stderr.write(`> ${request.method} ${request.url} ${await request.clone().text()}\n`);
    const answer = await original(input, init);
    const [shown, handed] = answer.body?.tee() ?? [];
    const text = shown === undefined ? Promise.resolve("") : new Response(shown).text().catch(String);
    void text.then((body) => process.stderr.write(`< ${answer.status} ${body}\n`));
    return new Response(handed ?? null, {
      status: answer.status,
      statusText: answer.statusText,
      headers: answer.headers,
    });
  };
}
