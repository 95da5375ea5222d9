/** @hey-api/openapi-ts: a client out of `/openapi.json`, type-checked and then used. */
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { type Client, expect, expectCount, na, type Place } from "../aspects.ts";
import { mustRun } from "../command.ts";
import { bundled, linkPackages, typeCheck } from "../generated-code.ts";

async function generated(place: Place): Promise<string> {
  const folder = join(place.folder, "made");
  await mkdir(folder, { recursive: true });
  await linkPackages(folder);
  const args = ["-i", `${place.url}/openapi.json`, "-o", "api", "-c", "@hey-api/client-fetch", "--no-log-file"];
  await mustRun("openapi-ts", args, { cwd: folder });
  return folder;
}

interface Answer {
  data?: Record<string, unknown>;
  error?: Record<string, unknown>;
  response?: Response;
  stream?: AsyncGenerator<unknown>;
}
/** What the generated client's functions are, as far as the checks use them. */
type Call = (options: object) => Promise<Answer>;
/** Asks by the function whose request fits. */
type Ask = (method: string, url: string, options: object) => Promise<Answer>;

async function sdkOf(place: Place): Promise<Ask> {
  const folder = await generated(place);
  await typeCheck(folder, 'export * from "./api/index.ts";');
  const sdk = await bundled<Record<string, Call>>(join(folder, "api/sdk.gen.ts"));
  const source = await readFile(join(folder, "api/sdk.gen.ts"), "utf8");
  return (method, url, options) => {
    // Names are the generator's; the address in its code is ours.
    const functions = [...source.matchAll(/export const (\w+) = [^;]*?\.(?:sse\.)?(\w+)<[^;]*?url: '([^']+)'/g)];
    const name = functions.find(([, , verb, path]) => verb === method && path === url)?.[1];
    const call = name === undefined ? undefined : sdk[name];
    if (call === undefined) throw new Error(`no function was made for ${method} ${url}`);
    const headers = { Authorization: `Bearer ${place.key}` };
    return call({ baseUrl: place.url, headers, ...options });
  };
}

const path = ({ mark }: Place) => ({ id: mark });

export const client: Client = {
  packages: ["@hey-api/openapi-ts"],
  limitMs: 60_000,
  checks: {
    async plain(place) {
      const ask = await sdkOf(place);
      const { data, error } = await ask("post", "/v1/sessions/{id}/messages", {
        path: path(place),
        body: { content: "Hi" },
      });
      expect("error", error, undefined);
      expect("text", (data?.message as { content?: string } | undefined)?.content, "Hello from the model.");
    },
    async stream(place) {
      const ask = await sdkOf(place);
      await ask("post", "/v1/sessions/{id}/messages", { path: path(place), body: { content: "Hi" } });
      const query = { live: "false" };
      const { stream } = await ask("get", "/v1/sessions/{id}/events", { path: path(place), query });
      if (stream === undefined) throw new Error("the generated function reads no stream");
      const events = (await Array.fromAsync(stream)) as { type?: string; text?: string }[];
      const text = events.map((event) => (event.type === "text.delta" ? event.text : "")).join("");
      expect("text, distinguished from reasoning by its type", text, "Hello from the model.");
    },
    tools: na("the native door's tools run at the server"),
    structured: na("an answer's form is the caller's"),
    abort: na("its signal is that of fetch"),
    async errors(place) {
      const ask = await sdkOf(place);
      const { data, error, response } = await ask("get", "/v1/sessions/{id}", { path: { id: `${place.mark}-none` } });
      expect("data", data, undefined);
      expect("status", response?.status, 404);
      expect("code", error?.code, "not_found");
    },
    async usage(place) {
      const ask = await sdkOf(place);
      const { data } = await ask("post", "/v1/sessions/{id}/messages", { path: path(place), body: { content: "Hi" } });
      expectCount("output", (data?.usage as { output_tokens?: number } | undefined)?.output_tokens);
    },
    async resume(place) {
      const ask = await sdkOf(place);
      for (const content of [`The word is ${place.mark}`, "What did I say?"]) {
        const { data } = await ask("post", "/v1/sessions/{id}/messages", { path: path(place), body: { content } });
        const text = (data?.message as { content?: string } | undefined)?.content;
        if (content.startsWith("What")) expect("text", text, `You said: The word is ${place.mark}`);
      }
    },
  },
};
