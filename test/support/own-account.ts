/** An account of its own for each test of a Worker, with a key, and requests in its name. */
import { exports } from "cloudflare:workers";

// biome-ignore lint/suspicious/noExplicitAny: tests look into the JSON with matchers
type Json = any;

/** `body`: where the answer is one JSON value. */
export interface Answered {
  status: number;
  body: Json;
  text: string;
}

export type Call = (method: string, path: string, body?: unknown) => Promise<Answered>;

/** `name`: of the account, which must not exist yet. A body that is no text is sent as JSON. */
export async function ownAccount(name: string): Promise<Call> {
  const asAdmin = callWith("test-admin-key-16");
  await asAdmin("POST", "/v1/admin/accounts", { id: name });
  return callWith((await asAdmin("POST", `/v1/admin/accounts/${name}/keys`)).body.key);
}

function callWith(key: string): Call {
  const worker = (exports as unknown as { default: { fetch: typeof fetch } }).default;
  return async (method, path, body) => {
    const answer = await worker.fetch(`https://longline.test${path}`, {
      method,
      headers: { Authorization: `Bearer ${key}`, "Content-Type": "application/json" },
      ...(body !== undefined && { body: typeof body === "string" ? body : JSON.stringify(body) }),
    });
    const text = new TextDecoder().decode(await answer.arrayBuffer());
    const isJson =
      /json$/.test(answer.headers.get("Content-Type") ?? "") && text.startsWith("{") && !text.includes("\n{");
    return { status: answer.status, body: isJson ? JSON.parse(text) : undefined, text };
  };
}
