/** The ways that the bench sends a message: to which subject, and in which words. */
import { entryLine, headerLine } from "../../src/doors/native/transcript-text.ts";
import { assistant, ended, user } from "../support/entries.ts";
import type { Shot } from "./load.ts";
import { type Plan, planText } from "./plan.ts";
import type { Subject } from "./subject.ts";

export const apiKey = "bench-key";

export interface Way {
  name: string;
  subject: Subject;
  /** Absent for ways without sessions. */
  hasSessions: boolean;
  shot(session: string, plan: Plan): Shot;
  /** Makes a session that has so many messages. */
  seed?(session: string, messages: number): Promise<void>;
}

export interface Subjects {
  pipe: Subject;
  sketch: Subject;
  longline: Subject;
}

export function waysOf({ pipe, sketch, longline }: Subjects): Way[] {
  const auth = { authorization: `Bearer ${apiKey}` };
  const completion = (plan: Plan) =>
    JSON.stringify({ model: "deepseek-v3.2-exp", stream: true, messages: [{ role: "user", content: planText(plan) }] });
  return [
    {
      name: "pipe",
      subject: pipe,
      hasSessions: false,
      shot: (_, plan) => ({ url: pipe.url, headers: {}, body: completion(plan) }),
    },
    {
      name: "sketch",
      subject: sketch,
      hasSessions: true,
      shot: (session, plan) => {
        const body = JSON.stringify({ content: planText(plan) });
        return { url: `${sketch.url}/chats/${session}`, headers: {}, body };
      },
      seed: async (session, seed) => {
        await posted(`${sketch.url}/chats/${session}`, JSON.stringify({ content: "", seed }));
      },
    },
    {
      name: "native",
      subject: longline,
      hasSessions: true,
      shot: (session, plan) => ({
        url: `${longline.url}/v1/sessions/${session}/messages`,
        headers: { ...auth, accept: "text/event-stream" },
        body: JSON.stringify({ content: planText(plan) }),
      }),
      seed: async (session, messages) => {
        await posted(`${longline.url}/v1/sessions/import?id=${session}`, transcript(session, messages), auth);
      },
    },
    {
      name: "chat",
      subject: longline,
      hasSessions: false,
      shot: (_, plan) => ({ url: `${longline.url}/v1/chat/completions`, headers: auth, body: completion(plan) }),
    },
  ];
}

async function posted(url: string, body: string, headers: Record<string, string> = {}): Promise<void> {
  const response = await fetch(url, { method: "POST", body, headers });
  const text = await response.text();
  if (!response.ok) throw new Error(`${url} answered ${response.status}: ${text.slice(0, 300)}`);
}

/** An exported session of so many short messages. */
function transcript(id: string, messages: number): string {
  const header = {
    id,
    agent: null,
    title: null,
    metadata: {},
    instructions: null,
    model: null,
    prefix: null,
    createdAtMs: 1_700_000_000_000,
  };
  const entries = Array.from({ length: Math.ceil(messages / 2) }, (_, n) => {
    const turn = `turn_${n + 1}`;
    const content = `Message number ${2 * n}.`;
    return [
      user({ turn, content }),
      assistant({ turn, content: `Message number ${2 * n + 1}.` }),
      ended({ turn, reason: "completed", steps: 1 }),
    ];
  }).flat();
  const lines = entries.map((entry, place) => entryLine({ ...entry, seq: place + 1 }));
  return [headerLine(header), ...lines].join("\n");
}
