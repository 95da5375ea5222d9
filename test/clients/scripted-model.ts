/** What the model answers to foreign clients, by words in the last question. Stateless, so that clients may run side by side. */
import type { RecordedRequest, Reply } from "../support/fake-provider.ts";
import { frames, status, text } from "../support/fake-provider.ts";
import { over, said, thought } from "../support/reply-frames.ts";

interface Message {
  role: string;
  content?: string | null;
}

interface Tool {
  function: { name: string; parameters?: { properties?: Record<string, unknown> } };
}

const encoder = new TextEncoder();
/** Between two pieces of a slow answer, and how many there are: long enough that a hang-up comes in the middle. */
const pauseMs = 50;
const slowPieces = 400;

/** Answers one request of the Worker. `onCancel` runs when the reader of a slow answer hangs up. */
export function scriptedReply(request: RecordedRequest, onCancel: () => void): Reply {
  const { messages = [], tools = [], tool_choice: choice, response_format: format } = request.body;
  const at = messages.findLastIndex(({ role }: Message) => role === "user");
  const question: string = messages[at]?.content ?? "";
  const results = messages.slice(at + 1).filter(({ role }: Message) => role === "tool");
  if (results.length > 0) return inPieces(`It says: ${results.at(-1)?.content}`);
  const call = choice === "none" ? undefined : wantedCall(question, tools, choice);
  if (call !== undefined) return calling(call);
  if (/count slowly/i.test(question)) return slowly(onCancel);
  if (/fail please/i.test(question)) return status(400, { error: { message: "scripted failure", code: "bad" } });
  if (format?.type?.startsWith("json") || /\bJSON\b/.test(question))
    return text(JSON.stringify({ city: "Ulm", degrees: 21 }));
  if (/what did i say/i.test(question)) return inPieces(`You said: ${earlier(messages.slice(0, at)).join(" | ")}`);
  return inPieces("Hello from the model.");
}

function earlier(messages: Message[]): string[] {
  return messages.filter(({ role }) => role === "user").map(({ content }) => content ?? "");
}

interface Call {
  id: string;
  name: string;
  arguments: string;
}

/** Thinks first, as such models do: clients must send that back, or a reference to it. */
function calling(call: Call): Reply {
  const delta = (part: object) => {
    const choice = { index: 0, delta: { tool_calls: [{ index: 0, ...part }] }, finish_reason: null };
    return `data: ${JSON.stringify({ choices: [choice], usage: null })}\n\n`;
  };
  const { id, name, arguments: args } = call;
  const opening = delta({ id, type: "function", function: { name, arguments: "" } });
  const halves = [args.slice(0, 5), args.slice(5)].map((half) => delta({ function: { arguments: half } }));
  return frames(thought("A tool "), thought("helps."), opening, ...halves, over("tool_calls"));
}

/** A call of the tool that the question names, or that the request demands. */
function wantedCall(question: string, tools: Tool[], choice: unknown): Call | undefined {
  const forced = (choice as { function?: { name?: string } } | undefined)?.function?.name;
  const named = tools.find(({ function: { name } }) => question.includes(`Use \`${name}\``));
  const spoken = tools.find(({ function: { name } }) => /weather/i.test(name) && /weather/i.test(question));
  const tool = tools.find(({ function: { name } }) => name === forced) ?? named ?? spoken;
  const any = tool ?? (choice === "required" ? tools[0] : undefined);
  if (any === undefined) return undefined;
  const given = /\bwith (\{.*\})/s.exec(question)?.[1];
  return { name: any.function.name, arguments: given ?? sampleFor(any), id: `call_${crypto.randomUUID().slice(0, 8)}` };
}

/** Arguments for the parameters that the tests' tools have; a wrapper's single object member is filled likewise. */
function sampleFor({ function: { parameters } }: Tool): string {
  const samples: Record<string, unknown> = { city: "Ulm", degrees: 21 };
  const names = Object.keys(parameters?.properties ?? {});
  return JSON.stringify(
    Object.fromEntries(names.filter((name) => name in samples).map((name) => [name, samples[name]])),
  );
}

function inPieces(words: string): Reply {
  const pieces = words.match(/.{1,6}/gs) ?? [];
  return frames(thought("Let me "), thought("think."), ...pieces.map((piece) => said(piece)), over());
}

function slowly(onCancel: () => void): Reply {
  return (_, signal) => {
    let sent = 0;
    const cancel = () => {
      if (sent < slowPieces) onCancel();
      sent = slowPieces;
    };
    signal?.addEventListener("abort", cancel, { once: true });
    const body = new ReadableStream<Uint8Array>({
      async pull(controller) {
        await new Promise((resolve) => setTimeout(resolve, pauseMs));
        sent++;
        controller.enqueue(encoder.encode(sent >= slowPieces ? over() : said(`${sent} `)));
        if (sent >= slowPieces) controller.close();
      },
      cancel,
    });
    return new Response(body, { headers: { "content-type": "text/event-stream; charset=utf-8" } });
  };
}
