/** What the compiler promises and refuses to who writes an agent, or an app of agents. Nothing here is run: `tsc` reads it. */
import {
  type AgentDefinition,
  aiSdk,
  asTool,
  calculator,
  defineAgent,
  delegate,
  discord,
  discordRoom,
  handoff,
  type Longline,
  longline,
  mcp,
  openai,
  playground,
  slack,
  slackRoom,
  type Tool,
} from "longline";
import { expectTypeOf } from "vitest";
import * as z from "zod";

const assistant = defineAgent({ instructions: "Help." });
expectTypeOf(assistant).toEqualTypeOf<AgentDefinition>();

defineAgent({
  instructions: "Help.",
  models: [
    { id: "deepseek-v3.2-exp", weight: 1 },
    { id: "other", baseUrl: "https://api.example/v1", keySecret: "OTHER_KEY" },
  ],
  tools: [calculator],
  limits: { maxSteps: 3 },
  before({ name, input, approved }, { speaker }) {
    expectTypeOf(input).toBeUnknown();
    expectTypeOf(approved).toBeBoolean();
    return name === "refund" && speaker !== "Ann" ? { refuse: "Only Ann may refund." } : undefined;
  },
  after: async (_, { content, isError }) => (isError ? { content: content.slice(0, 100) } : undefined),
});

// @ts-expect-error a hook refuses, changes the input, or lets the call run
defineAgent({ instructions: "Help.", before: () => "no" });

// @ts-expect-error an agent has instructions
defineAgent({ tools: [calculator] });
// @ts-expect-error it has one model at least
defineAgent({ instructions: "Help.", models: [] });
// @ts-expect-error a tool is made by defineTool
defineAgent({ instructions: "Help.", tools: ["calculator"] });
// @ts-expect-error there is no such limit
defineAgent({ instructions: "Help.", limits: { minutes: 3 } });

/** Not called: an app is made in a Worker. */
export function apps(): void {
  const app = longline({
    agents: { assistant, support: { instructions: "Support." } },
    doors: [openai(), aiSdk(), mcp(), playground()],
    channels: [slack({ approvers: ["U1"] }), discord({ approvers: "anyone" })],
    webhooks: {
      orders: { signedBy: "github", toMessage: () => ({ session: "1", content: "New", replyTo: discordRoom("1") }) },
    },
    schedules: [{ cron: "0 9 * * 1-5", session: "daily", content: "Report", replyTo: slackRoom("T1", "C1") }],
  });
  expectTypeOf(app).toEqualTypeOf<Longline>();
  expectTypeOf(app.fetch).returns.toEqualTypeOf<Response | Promise<Response>>();

  // @ts-expect-error an app has agents
  longline({ doors: [openai()] });
  // @ts-expect-error a door is called by its function
  longline({ agents: { assistant }, doors: ["openai"] });
  // @ts-expect-error a channel is called by its function
  longline({ agents: { assistant }, channels: [slack] });
}

// Agents that call agents.
expectTypeOf(
  delegate({ assistant, other: "other" }, { budgetMicros: 1_000, timeoutSeconds: 60 }),
).toEqualTypeOf<Tool>();
expectTypeOf(handoff({ to: ["assistant"] })).toEqualTypeOf<Tool>();
handoff({ to: { assistant } });
const text = z.object({ text: z.string() });
expectTypeOf(
  asTool(assistant, { name: "assistant", description: "Helps.", input: text, output: text }),
).toEqualTypeOf<Tool>();
// @ts-expect-error a tool needs a description
asTool(assistant, { name: "assistant" });
// @ts-expect-error the form of an answer is an object
asTool(assistant, { name: "assistant", description: "Helps.", output: z.string() });
// @ts-expect-error an agent is a definition, or the name of one
delegate({ assistant: 1 });
