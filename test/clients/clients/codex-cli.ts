/** OpenAI's Codex CLI, headless, with a provider of its own over Responses. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Client, expect, expectCancelled, expectCount, na, type Place } from "../aspects.ts";
import { type CommandOptions, command } from "../command.ts";

/** Of what `codex exec --json` prints, a line each. */
interface CodexEvent {
  type: string;
  thread_id?: string;
  item?: { type: string; text?: string; aggregated_output?: string; exit_code?: number; message?: string };
  usage?: { input_tokens: number; cached_input_tokens: number; output_tokens: number };
  error?: { message: string };
  message?: string;
}

const quiet = `
check_for_update_on_startup = false
web_search = "disabled"
[analytics]
enabled = false
[history]
persistence = "none"
[model_providers.longline]
name = "Longline"
wire_api = "responses"
env_key = "LONGLINE_KEY"
request_max_retries = 0
stream_max_retries = 0
`;

async function exec(place: Place, args: string[], options: Partial<CommandOptions> = {}) {
  const home = join(place.folder, "codex");
  await mkdir(home, { recursive: true });
  const config = `model = "${place.model}"\nmodel_provider = "longline"\n${quiet}base_url = "${place.url}/v1"\n`;
  await writeFile(join(home, "config.toml"), config);
  const flags = ["--json", "--skip-git-repo-check", "--dangerously-bypass-approvals-and-sandbox"];
  const env = { CODEX_HOME: home, LONGLINE_KEY: place.key, RUST_LOG: "error" };
  const result = await command("codex", ["exec", ...flags, ...args], { cwd: place.folder, env, ...options });
  const events = result.stdout
    .split("\n")
    .flatMap((line): CodexEvent[] => (line.startsWith("{") ? [JSON.parse(line)] : []));
  return { ...result, events };
}

const textOf = (events: CodexEvent[]) => events.findLast(({ item }) => item?.type === "agent_message")?.item?.text;

async function answered(place: Place, args: string[]): Promise<CodexEvent[]> {
  const { code, events, stderr } = await exec(place, args);
  const cause = events.at(-1)?.error?.message ?? stderr.slice(-600);
  if (code !== 0) throw new Error(`codex ended with ${code}: ${cause}`);
  return events;
}

export const client: Client = {
  packages: ["@openai/codex"],
  limitMs: 45_000,
  checks: {
    async plain(place) {
      expect("text", textOf(await answered(place, [`Hi ${place.mark}`])), "Hello from the model.");
    },
    stream: na("headless it prints whole items; it reads the same stream for plain"),
    async tools(place) {
      const command = JSON.stringify({ cmd: "echo codex was here", command: "echo codex was here" });
      const events = await answered(place, [`Use \`exec_command\` with ${command}. ${place.mark}`]);
      const ran = events.findLast(({ item }) => item?.type === "command_execution")?.item;
      expect("output of the command", ran?.aggregated_output, /codex was here/);
      expect("text", textOf(events), /It says: [\s\S]*codex was here/);
    },
    async structured(place) {
      const schema = join(place.folder, "schema.json");
      const properties = { city: { type: "string" }, degrees: { type: "number" } };
      await writeFile(
        schema,
        JSON.stringify({ type: "object", properties, required: ["city", "degrees"], additionalProperties: false }),
      );
      const events = await answered(place, ["--output-schema", schema, `How warm is it? ${place.mark}`]);
      expect("object", JSON.parse(textOf(events) ?? "null"), { city: "Ulm", degrees: 21 });
    },
    async abort(place) {
      const stop = new AbortController();
      const run = exec(place, [`Count slowly ${place.mark}`], { signal: stop.signal });
      const deadline = Date.now() + 15_000;
      while ((await place.seen()).length === 0 && Date.now() < deadline)
        await new Promise((resolve) => setTimeout(resolve, 50));
      stop.abort();
      await run;
      await expectCancelled(place);
    },
    async errors(place) {
      const { code, events } = await exec({ ...place, key: "wrong-key-of-a-caller" }, ["Hi"]);
      expect("exit code with a wrong key", code === 0, false);
      expect("cause", JSON.stringify(events), /401/);
      const failed = await exec(place, [`Fail please ${place.mark}`]);
      expect("last event of a failed turn", failed.events.at(-1)?.type, "turn.failed");
      expect("its cause", failed.events.at(-1)?.error?.message, /scripted failure|refused/);
    },
    async usage(place) {
      const { usage } = (await answered(place, [`Hi ${place.mark}`])).at(-1) ?? {};
      expectCount("input", usage?.input_tokens);
      expectCount("output", usage?.output_tokens);
      expect("cached", usage?.cached_input_tokens, 64);
    },
    async resume(place) {
      const first = await answered(place, [`The word is ${place.mark}`]);
      const events = await answered(place, ["resume", String(first[0]?.thread_id), "What did I say?"]);
      expect("text", textOf(events), new RegExp(`You said: .*The word is ${place.mark}`, "s"));
    },
  },
};
