/**
 * A fast fake model provider, in a process of its own: answers `/v1/chat/completions` as the plan in the last user message says. Prints its port.
 * At `/otlp/` it is a collector that takes everything (OTLP/HTTP: 200 and an empty answer).
 */
import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import { type Plan, planIn, timedToken } from "./plan.ts";

interface Message {
  role: string;
  content: unknown;
}

const event = (delta: object, more: object = {}) =>
  `data: ${JSON.stringify({ id: "c", object: "chat.completion.chunk", choices: [{ index: 0, delta, finish_reason: null }], usage: null, ...more })}\n\n`;
const token = event({ content: " word" });
const [beforeTimed = "", afterTimed = ""] = event({ content: "@" }).split("@");
const usage = { prompt_tokens: 100, completion_tokens: 100, total_tokens: 200 };
const last = (reason: string) =>
  `data: ${JSON.stringify({ choices: [{ index: 0, delta: {}, finish_reason: reason }], usage })}\n\ndata: [DONE]\n\n`;

const server = createServer(async (request, response) => {
  let body = "";
  request.setEncoding("utf8");
  for await (const text of request) body += text;
  if (request.url?.startsWith("/otlp/")) return void response.end("{}");
  const { messages } = JSON.parse(body) as { messages: Message[] };
  const at = messages.findLastIndex(({ role }) => role === "user");
  const plan = planIn(messages[at]?.content);
  response.writeHead(plan === undefined ? 400 : 200, { "content-type": "text/event-stream" });
  if (plan === undefined) return void response.end('{"error":{"message":"no plan"}}');
  const steps = messages.slice(at).filter(({ role }) => role === "assistant").length;
  if (steps < plan.tools) return void response.end(call(steps) + last("tool_calls"));
  await answer(plan, response);
});

function call(step: number): string {
  // Another text each time: the same call again and again is a loop, which an agent may end.
  const text = JSON.stringify({ text: `hi ${step}` });
  const of = { index: 0, id: `call_${step}`, type: "function", function: { name: "echo", arguments: text } };
  return event({ tool_calls: [of] });
}

async function answer({ tokens, perWrite, gapMs, lingersMs = 0 }: Plan, response: ServerResponse): Promise<void> {
  response.socket?.setNoDelay(true);
  const text = token.repeat(perWrite);
  for (let sent = 0; sent < tokens && !response.destroyed; sent += perWrite) {
    const goesOn = response.write(gapMs > 0 ? beforeTimed + timedToken() + afterTimed : text);
    if (gapMs > 0) await new Promise((resolve) => setTimeout(resolve, gapMs));
    else if (!goesOn) await Promise.race([once(response, "drain"), once(response, "close")]);
    // One write is one chunk, and one read where the reader keeps up.
    else await new Promise((resolve) => setImmediate(resolve));
  }
  for (let leftMs = lingersMs; leftMs > 0 && !response.destroyed; leftMs -= 20) {
    response.write(token);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  response.end(last("stop"));
}

server.listen(0, "127.0.0.1", () => {
  const address = server.address();
  console.log(typeof address === "object" && address !== null ? address.port : 0);
});
