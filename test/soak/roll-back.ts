/** Runs this code, the code of another commit and this code again on the same data, in real processes, and says what was lost on the way. */
import { execFile } from "node:child_process";
import { rm, symlink } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { promisify } from "node:util";
import { calls, text } from "../support/fake-provider.ts";
import { serveFetch } from "../support/serve-fetch.ts";
import { freshFolder, reach, startDev } from "../support/wrangler-dev.ts";

const run = promisify(execFile);
const adminKey = "roll-back-admin-key";

// biome-ignore lint/suspicious/noExplicitAny: answers of two versions, compared field by field
type Json = any;
type Call = (method: string, path: string, body?: unknown) => Promise<Json>;
interface Phase {
  call: Call;
  /** Notes a loss where the condition does not hold. */
  check(holds: boolean, what: string): void;
  /** Paths at the receiver that took a delivery. */
  delivered: Set<string>;
  receiver: string;
  held: Held;
}

/** What one phase leaves to the next. */
interface Held {
  key: string;
  /** Transcripts as JSONL, by session. */
  exports: Record<string, string>;
}

/** What was lost or refused, a sentence each; none when all went well. Needs git, and the packages of this checkout to fit the commit. */
export async function runRollBack(commit: string): Promise<string[]> {
  const losses: string[] = [];
  const older = await checkoutOf(commit);
  const data = await freshFolder();
  const delivered = new Set<string>();
  let takes = false;
  const model = await serveFetch(async (input, init) => answer(new Request(input, init)));
  const receiver = await serveFetch(async (input) => {
    if (takes) delivered.add(new URL(String(input instanceof Request ? input.url : input)).pathname);
    return new Response(null, { status: takes ? 204 : 500 });
  });
  const held: Held = { key: "", exports: {} };
  const phase = async (name: string, folder: string | undefined, work: (of: Phase) => Promise<void>) => {
    const vars = { ADMIN_KEY: adminKey, MODEL_BASE_URL: `${model.url}/v1`, MODEL_API_KEY: "roll-back-model-key" };
    const dev = await startDev({ command: true, persistTo: data, vars, ...(folder !== undefined && { folder }) });
    const check = (holds: boolean, what: string) => void (holds || losses.push(`${name}: ${what}`));
    try {
      await work({ call: caller(dev.url, held), check, delivered, receiver: receiver.url, held });
    } catch (error) {
      losses.push(`${name}: ${String(error)}`);
    } finally {
      await dev.stop();
    }
  };
  try {
    await phase("this code", undefined, write);
    takes = true;
    await phase(`the code of ${commit}`, older, goOn);
    await phase("this code again", undefined, lookAtAll);
  } finally {
    await Promise.all([model.close(), receiver.close()]);
    await run("git", ["worktree", "remove", "--force", older]);
    for (const folder of [data, dirname(older)]) await rm(folder, { recursive: true, force: true });
  }
  return losses;
}

async function checkoutOf(commit: string): Promise<string> {
  const folder = join(await freshFolder(), "older");
  await run("git", ["worktree", "add", "--detach", folder, commit]);
  await symlink(resolve("node_modules"), join(folder, "node_modules"));
  return folder;
}

/** The model repeats what was said last, or calls the tool that this names. */
async function answer(request: Request): Promise<Response> {
  const raw = await request.text();
  const { messages } = JSON.parse(raw) as { messages: { role: string; content: unknown }[] };
  const last = messages.at(-1);
  const said = String(last?.content).slice(0, 60);
  const isCall = last?.role === "user" && said.includes("call open_door");
  const reply = isCall ? calls([{ name: "open_door", arguments: "{}" }]) : text(`Heard: ${said}`);
  return reply({ url: request.url, headers: request.headers, text: raw, body: {} }, undefined);
}

function caller(url: string, held: Held): Call {
  return async (method, path, body) => {
    const as = path.startsWith("/v1/admin") ? adminKey : held.key;
    const headers = {
      authorization: `Bearer ${as}`,
      ...(body !== undefined && { "content-type": "application/json" }),
    };
    const init = { method, headers, ...(body !== undefined && { body: JSON.stringify(body) }) };
    const told = await reach(`${url}${path}`, init);
    const said = await told.text();
    if (!told.ok) throw new Error(`${method} ${path}: ${told.status} ${said}`);
    return path.endsWith("/export") ? said : JSON.parse(said);
  };
}

const door = { type: "function", function: { name: "open_door", parameters: { type: "object", properties: {} } } };

async function write({ call, receiver, held }: Phase): Promise<void> {
  await call("POST", "/v1/admin/accounts", { id: "both", budget_micros: 9_000_000 });
  held.key = (await call("POST", "/v1/admin/accounts/both/keys", {})).key;
  for (const content of ["One", "Two"]) await call("POST", "/v1/sessions/talk/messages", { content });
  await call("POST", "/v1/sessions/owed/messages", { content: "Call me", callback_url: `${receiver}/owed` });
  await call("POST", "/v1/sessions/waits/messages", { content: "call open_door", tools: [door] });
  const { prefix } = await call("PUT", "/v1/prefixes", { instructions: "Be brief." });
  await call("POST", "/v1/sessions", { id: "dressed", title: "Dressed", prefix, ttl_seconds: 86_400 });
  await call("POST", "/v1/sessions/dressed/messages", { content: "Three" });
  for (const session of ["talk", "owed", "waits", "dressed"]) {
    held.exports[session] = await call("GET", `/v1/sessions/${session}/export`);
  }
}

async function goOn({ call, check, delivered, held }: Phase): Promise<void> {
  for (const [session, before] of Object.entries(held.exports)) {
    const now: string = await call("GET", `/v1/sessions/${session}/export`);
    check(now.startsWith(before.trimEnd()), `the transcript of ${session} is not what it was`);
  }
  for (const session of ["talk", "dressed", "of-older"]) {
    const { status } = await call("POST", `/v1/sessions/${session}/messages`, { content: "By the older code" });
    check(status === "completed", `a turn of ${session} is ${status}`);
  }
  const { waiting_for = [] } = await call("GET", "/v1/sessions/waits/turns/turn_1");
  const results = waiting_for.map(({ call_id }: { call_id: string }) => ({ call_id, content: "opened" }));
  check(results.length === 1, "the turn that waited for its client no longer waits");
  if (results.length > 0) await call("POST", "/v1/sessions/waits/tool_results", { results });
  await call("POST", "/v1/sessions/talk/fork", { id: "forked" });
  const isOver = async () => (await call("GET", "/v1/sessions/waits/turns/turn_1")).status === "completed";
  check(await comes(isOver), "the turn that waited for its client did not end");
  check(await comes(async () => delivered.has("/owed")), "the delivery that was owed did not come");
  for (const session of ["talk", "dressed", "waits", "of-older", "forked"]) {
    held.exports[session] = await call("GET", `/v1/sessions/${session}/export`);
  }
}

async function lookAtAll({ call, check, held }: Phase): Promise<void> {
  for (const [session, before] of Object.entries(held.exports)) {
    const now: string = await call("GET", `/v1/sessions/${session}/export`);
    check(now === before, `the transcript of ${session} is not what it was`);
  }
  const { sessions } = await call("GET", "/v1/sessions?limit=100");
  const ids = sessions.map(({ id }: { id: string }) => id).toSorted();
  check(ids.join() === Object.keys(held.exports).toSorted().join(), `the list of sessions is ${ids}`);
  const { usage } = await call("GET", "/v1/usage?group_by=session");
  const steps = usage.map((sum: Json) => `${sum.session}=${sum.steps}`).toSorted();
  check(steps.join() === "dressed=2,of-older=1,owed=1,talk=3,waits=2", `the steps that were paid for are ${steps}`);
  for (const session of ids) {
    const { status } = await call("POST", `/v1/sessions/${session}/messages`, { content: "By this code again" });
    check(status === "completed", `a turn of ${session} is ${status}`);
  }
}

/** Whether it is so within 20 s. */
async function comes(look: () => Promise<boolean>): Promise<boolean> {
  const deadlineMs = Date.now() + 20_000;
  while (!(await look())) {
    if (Date.now() > deadlineMs) return false;
    await pause(100);
  }
  return true;
}
