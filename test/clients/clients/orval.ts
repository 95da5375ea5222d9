/** orval: a fetch client out of `/openapi.json`, type-checked and then used. */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Client, expect, expectCount, na, type Place } from "../aspects.ts";
import { mustRun } from "../command.ts";
import { bundled, linkPackages, typeCheck } from "../generated-code.ts";

interface Answer {
  status: number;
  data: Record<string, unknown>;
}
type Call = (...given: unknown[]) => Promise<Answer>;

/** The function that asks for the address; its arguments are the path's, then the body. */
async function sdkOf(place: Place): Promise<(method: string, url: string) => Call> {
  const folder = join(place.folder, "made");
  await mkdir(folder, { recursive: true });
  await linkPackages(folder);
  const settings = {
    input: { target: `${place.url}/openapi.json` },
    output: { target: "api.ts", client: "fetch", mode: "single", baseUrl: place.url },
  };
  await writeFile(join(folder, "orval.config.mjs"), `export default { longline: ${JSON.stringify(settings)} };`);
  await mustRun("orval", ["--config", "orval.config.mjs"], { cwd: folder });
  await typeCheck(folder, 'export * from "./api.ts";');
  const sdk = await bundled<Record<string, Call>>(join(folder, "api.ts"));
  const source = await readFile(join(folder, "api.ts"), "utf8");
  return (method, url) => {
    const functions = source.split(/^export const (?=\w+ = async)/m).slice(1);
    const found = functions.find(
      (text) => new RegExp(`method: '${method.toUpperCase()}'`).test(text) && addressOf(text, source) === url,
    );
    const call = found === undefined ? undefined : sdk[/^\w+/.exec(found)?.[0] ?? ""];
    if (call === undefined) throw new Error(`no function was made for ${method} ${url}`);
    return call;
  };
}

/** The address as the document has it: `${id}` in the code is `{id}` there. */
function addressOf(text: string, source: string): string | undefined {
  const name = /(get\w+Url)\(/.exec(text)?.[1];
  const made = source.split(`export const ${name} = `)[1]?.split("\n}\n")[0] ?? "";
  return /`https?:\/\/[^/`]+(\/[^`?]*)/
    .exec(made)?.[1]
    ?.replace(/\$\{(?:encodeURIComponent\(String\()?(\w+)[^}]*\}/g, "{$1}");
}

const headersOf = ({ key }: Place) => ({
  headers: { Authorization: `Bearer ${key}`, "Content-Type": "application/json" },
});

async function said(place: Place, content: string): Promise<Answer> {
  const call = (await sdkOf(place))("post", "/v1/sessions/{id}/messages");
  // With parameters of the query the function takes them behind the body.
  const rest = call.length >= 4 ? [undefined, headersOf(place)] : [headersOf(place)];
  return call(place.mark, { content }, ...rest);
}

export const client: Client = {
  packages: ["orval"],
  limitMs: 60_000,
  checks: {
    async plain(place) {
      const { data } = await said(place, "Hi");
      expect("text", (data.message as { content?: string } | undefined)?.content, "Hello from the model.");
    },
    stream: na("its fetch client reads no streams"),
    tools: na("the native door's tools run at the server"),
    structured: na("an answer's form is the caller's"),
    abort: na("its signal is that of fetch"),
    async errors(place) {
      const call = (await sdkOf(place))("get", "/v1/sessions/{id}");
      const { status, data } = await call(`${place.mark}-none`, headersOf(place));
      expect("status and code", [status, data.code], [404, "not_found"]);
    },
    async usage(place) {
      expectCount(
        "output",
        ((await said(place, "Hi")).data.usage as { output_tokens?: number } | undefined)?.output_tokens,
      );
    },
    async resume(place) {
      await said(place, `The word is ${place.mark}`);
      const { data } = await said(place, "What did I say?");
      expect(
        "text",
        (data.message as { content?: string } | undefined)?.content,
        `You said: The word is ${place.mark}`,
      );
    },
  },
};
