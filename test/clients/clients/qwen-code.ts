/** Qwen Code, headless, over chat completions. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Client, expect, expectCancelled, expectCount, expectPieces, type Place } from "../aspects.ts";
import { command } from "../command.ts";

interface QwenEvent {
  type: string;
  subtype?: string;
  session_id?: string;
  is_error?: boolean;
  result?: string;
  error?: { message: string };
  usage?: { input_tokens: number; output_tokens: number };
  structured_result?: unknown;
  /** With `stream-json` and partial messages. */
  event?: { delta?: { type: string; text?: string } };
}

async function run(
  place: Place,
  args: string[],
  options: { signal?: AbortSignal; format?: "json" | "stream-json" } = {},
) {
  const env = {
    OPENAI_API_KEY: place.key,
    OPENAI_BASE_URL: `${place.url}/v1`,
    OPENAI_MODEL: place.model,
    // Else it starts itself again in another process, which a signal to the first one does not reach.
    QWEN_CODE_NO_RELAUNCH: "true",
    QWEN_HOME: join(place.folder, "qwen"),
    HOME: place.folder,
    // It sends requests to loopback through a proxy, too.
    HTTP_PROXY: "",
    HTTPS_PROXY: "",
    ALL_PROXY: "",
  };
  const { signal, format = "json" } = options;
  const flags = ["--auth-type", "openai", "--model", place.model, "--output-format", format, "--yolo"];
  const cli = { cwd: place.folder, env, limitMs: 40_000, ...(signal && { signal }) };
  const result = await command("qwen", [...flags, ...args], cli);
  // One array, or an object a line.
  const events = result.stdout
    .split("\n")
    .flatMap((line) => (/^[[{]/.test(line) ? (JSON.parse(line) as QwenEvent[]) : []));
  return { ...result, events, last: events.findLast(({ type }) => type === "result") };
}

async function answered(place: Place, args: string[], format: "json" | "stream-json" = "json") {
  const answer = await run(place, args, { format });
  const cause = answer.last?.error?.message ?? answer.stderr.slice(-600);
  if (answer.code !== 0) throw new Error(`qwen ended with ${answer.code}: ${cause}`);
  return answer;
}

export const client: Client = {
  packages: ["@qwen-code/qwen-code"],
  limitMs: 60_000,
  checks: {
    async plain(place) {
      expect("text", (await answered(place, [`Hi ${place.mark}`])).last?.result, "Hello from the model.");
    },
    async stream(place) {
      const { events } = await answered(place, ["--include-partial-messages", `Hi ${place.mark}`], "stream-json");
      const pieces = events.map(({ event }) => (event?.delta?.type === "text_delta" ? (event.delta.text ?? "") : ""));
      expect("text", expectPieces("text", pieces), "Hello from the model.");
    },
    async tools(place) {
      await writeFile(join(place.folder, "note.txt"), "sunny in Ulm\n");
      const args = JSON.stringify({ file_path: join(place.folder, "note.txt") });
      const { last } = await answered(place, [`Use \`read_file\` with ${args}. ${place.mark}`]);
      expect("text", last?.result, /It says: [\s\S]*sunny in Ulm/);
    },
    async structured(place) {
      const properties = { city: { type: "string" }, degrees: { type: "number" } };
      const schema = JSON.stringify({ type: "object", properties, required: ["city", "degrees"] });
      const { last } = await answered(place, ["--json-schema", schema, `Use \`structured_output\`. ${place.mark}`]);
      expect("object", last?.structured_result ?? JSON.parse(last?.result ?? "null"), { city: "Ulm", degrees: 21 });
    },
    async abort(place) {
      const stop = new AbortController();
      const running = run(place, [`Count slowly ${place.mark}`], { signal: stop.signal }).catch(() => {});
      const deadline = Date.now() + 20_000;
      while ((await place.seen()).length === 0 && Date.now() < deadline)
        await new Promise((resolve) => setTimeout(resolve, 50));
      stop.abort();
      await running;
      await expectCancelled(place);
    },
    async errors(place) {
      const wrong = await run({ ...place, key: "wrong-key-of-a-caller" }, ["Hi"]);
      expect("exit code with a wrong key", wrong.code === 0, false);
      expect("cause", `${wrong.stdout}${wrong.stderr}`, /401|valid key/);
    },
    async usage(place) {
      const { last } = await answered(place, [`Hi ${place.mark}`]);
      expectCount("input", last?.usage?.input_tokens);
      expectCount("output", last?.usage?.output_tokens);
    },
    async resume(place) {
      const { last } = await answered(place, ["--chat-recording", `The word is ${place.mark}`]);
      const again = await answered(place, ["--resume", String(last?.session_id), "What did I say?"]);
      expect("text", again.last?.result, new RegExp(`The word is ${place.mark}`));
    },
  },
};
