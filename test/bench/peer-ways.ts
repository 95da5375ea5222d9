/** The peers of `npm run bench -- --peers`: how each is started, and in which words it takes a message. */
import { randomUUID } from "node:crypto";
import { join } from "node:path";
import type { Shot } from "./load.ts";
import { type Plan, planText } from "./plan.ts";
import type { Subject, SubjectSetup } from "./subject.ts";
import { completion, posted, type Way } from "./ways.ts";

const folder = join(import.meta.dirname, "peers");

/** A UI message of the AI SDK. */
const message = (role: "user" | "assistant", text: string) => ({
  id: randomUUID(),
  role,
  parts: [{ type: "text", text }],
});
const seedMessages = (count: number) =>
  Array.from({ length: count }, (_, n) => message(n % 2 === 0 ? "user" : "assistant", `Message number ${n}.`));

export interface Peer {
  name: string;
  /** `upstream`: the provider's address; `port`: where the peer is to listen. */
  runs(upstream: string, port: number): SubjectSetup["runs"];
  way(subject: Subject, upstream: string): Way;
}

export const peers: readonly Peer[] = [
  {
    name: "agents",
    runs: (upstream) => ({
      kind: "workerd",
      entry: join(folder, "agents.ts"),
      vars: { MODEL_BASE_URL: upstream },
      objects: { CHAT: "Chat" },
    }),
    way: agentsWay,
  },
  {
    name: "ai-sdk",
    runs: (upstream) => ({
      kind: "workerd",
      entry: join(folder, "ai-sdk.ts"),
      vars: { MODEL_BASE_URL: upstream },
      objects: {},
    }),
    way: aiSdkWay,
  },
  {
    // Its package has a build for Node alone, which is how its README starts it.
    name: "portkey (Node)",
    runs: (_, port) => ({
      kind: "node",
      args: [
        `--import=${join(folder, "mutable-headers.ts")}`,
        join(folder, "node_modules/@portkey-ai/gateway/build/start-server.js"),
        "--headless",
        `--port=${port}`,
      ],
    }),
    way: portkeyWay,
  },
];

function agentsWay(subject: Subject): Way {
  const path = (session: string) => `/agents/chat/${session}`;
  return {
    name: "agents",
    subject,
    hasSessions: true,
    // The new message alone, though its own client sends all messages with each: the least that it needs.
    shot: (session, plan) => {
      const body = JSON.stringify({ messages: [message("user", planText(plan))], trigger: "submit-message" });
      return {
        url: `${subject.url.replace("http", "ws")}${path(session)}`,
        headers: {},
        body: JSON.stringify({ id: randomUUID(), type: "cf_agent_use_chat_request", init: { method: "POST", body } }),
        isSocket: true,
      };
    },
    seed: (session, count) => posted(`${subject.url}${path(session)}/seed`, JSON.stringify(seedMessages(count))),
  };
}

/** Without sessions: its client sends the whole conversation with each message. */
function aiSdkWay(subject: Subject): Way {
  const conversations = new Map<string, object[]>();
  return {
    name: "ai-sdk",
    subject,
    hasSessions: false,
    shot: (session: string, plan: Plan): Shot => {
      const messages = [...(conversations.get(session) ?? []), message("user", planText(plan))];
      return { url: subject.url, headers: {}, body: JSON.stringify({ messages }) };
    },
    seed: async (session, count) => void conversations.set(session, seedMessages(count)),
  };
}

function portkeyWay(subject: Subject, upstream: string): Way {
  return {
    name: "portkey (Node)",
    subject,
    hasSessions: false,
    shot: (_, plan) => ({
      url: `${subject.url}/v1/chat/completions`,
      headers: {
        "x-portkey-provider": "openai",
        "x-portkey-custom-host": upstream,
        authorization: "Bearer model-key",
      },
      body: completion(plan),
    }),
  };
}
