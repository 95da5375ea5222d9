/** The yardstick: an agent loop on Hono, a Durable Object and SQLite without resume, auth, retries, budgets or limits. What is reachable here, and no more than that. */
import { DurableObject } from "cloudflare:workers";
import { Hono } from "hono";

interface Env {
  CHATS: DurableObjectNamespace<Chat>;
  MODEL_BASE_URL: string;
}

interface Call {
  id: string;
  type: "function";
  function: { name: string; arguments: string };
}

interface Message {
  role: "user" | "assistant" | "tool";
  content: string;
  tool_calls?: Call[];
  tool_call_id?: string;
}

interface Chunk {
  choices?: { delta?: { content?: string; tool_calls?: (Partial<Call> & { index: number })[] } }[];
}

type Say = (event: object) => Promise<void>;

const tools = [
  {
    type: "function",
    function: { name: "echo", parameters: { type: "object", properties: { text: { type: "string" } } } },
  },
];

export class Chat extends DurableObject<Env> {
  readonly #messages: Message[] = [];

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    const { sql } = ctx.storage;
    sql.exec("CREATE TABLE IF NOT EXISTS messages (seq INTEGER PRIMARY KEY, json TEXT NOT NULL)");
    for (const { json } of sql.exec<{ json: string }>("SELECT json FROM messages ORDER BY seq"))
      this.#messages.push(JSON.parse(json));
  }

  override async fetch(request: Request): Promise<Response> {
    const { content, seed = 0 } = (await request.json()) as { content: string; seed?: number };
    if (seed > 0) {
      this.ctx.storage.transactionSync(() => {
        for (let n = 0; n < seed; n++)
          this.#add({ role: n % 2 === 0 ? "user" : "assistant", content: `Message number ${n}.` });
      });
      return new Response("seeded");
    }
    const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
    this.ctx.waitUntil(this.#turn(content, writable.getWriter()));
    return new Response(readable, { headers: { "content-type": "text/event-stream" } });
  }

  #add(message: Message): void {
    this.#messages.push(message);
    this.ctx.storage.sql.exec("INSERT INTO messages (json) VALUES (?)", JSON.stringify(message));
  }

  async #turn(content: string, writer: WritableStreamDefaultWriter<Uint8Array>): Promise<void> {
    const bytes = new TextEncoder();
    const say: Say = (event) => writer.write(bytes.encode(`data: ${JSON.stringify(event)}\n\n`));
    this.#add({ role: "user", content });
    for (let step = 0; step < 50; step++) {
      const { text, calls } = await this.#ask(say);
      this.#add({ role: "assistant", content: text, ...(calls.length > 0 && { tool_calls: calls }) });
      if (calls.length === 0) break;
      for (const call of calls) {
        const result = (JSON.parse(call.function.arguments) as { text: string }).text;
        this.#add({ role: "tool", tool_call_id: call.id, content: result });
        await say({ type: "tool", id: call.id, result });
      }
    }
    await say({ type: "done" });
    await writer.close();
  }

  async #ask(say: Say): Promise<{ text: string; calls: Call[] }> {
    const body = JSON.stringify({ model: "m", stream: true, messages: this.#messages, tools });
    const headers = { "content-type": "application/json" };
    const response = await fetch(`${this.env.MODEL_BASE_URL}/chat/completions`, { method: "POST", headers, body });
    const reader = (response.body ?? new ReadableStream<Uint8Array>()).getReader();
    const decoder = new TextDecoder();
    const calls: Call[] = [];
    let text = "";
    for (let rest = ""; ; ) {
      const { done, value } = await reader.read();
      if (done) return { text, calls };
      const lines = (rest + decoder.decode(value, { stream: true })).split("\n");
      rest = lines.pop() ?? "";
      let delta = "";
      for (const line of lines) {
        if (!line.startsWith("data: ") || line === "data: [DONE]") continue;
        const [choice] = (JSON.parse(line.slice(6)) as Chunk).choices ?? [];
        delta += choice?.delta?.content ?? "";
        for (const { index, id, function: of } of choice?.delta?.tool_calls ?? []) {
          calls[index] ??= { id: id ?? "", type: "function", function: { name: "", arguments: "" } };
          calls[index].function.name += of?.name ?? "";
          calls[index].function.arguments += of?.arguments ?? "";
        }
      }
      text += delta;
      if (delta !== "") await say({ type: "text", text: delta });
    }
  }
}

export default new Hono<{ Bindings: Env }>().post("/chats/:id", (c) =>
  c.env.CHATS.getByName(c.req.param("id")).fetch(c.req.raw),
);
