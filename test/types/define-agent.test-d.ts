/** What the compiler promises and refuses to who writes an agent, or an app of agents. Nothing here is run: `tsc` reads it. */
import {
  type AgentDefinition,
  aiSdk,
  asTool,
  calculator,
  defineAgent,
  defineTool,
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
    return name === "calculator" && speaker !== "Ann" ? { refuse: "Only Ann may calculate." } : undefined;
  },
  after: async (_, { content, isError }) => (isError ? { content: content.slice(0, 100) } : undefined),
});

// Hooks know the inputs of the agent's tools by their names.
const refund = defineTool({
  name: "refund",
  description: "Pays back.",
  input: z.object({ amount: z.number() }),
  effect: "unsafe",
  run: () => "paid",
});
defineAgent({
  instructions: "Help.",
  tools: [refund, calculator, delegate({ assistant }), handoff({ to: ["other"] })],
  before(call) {
    switch (call.name) {
      case "refund":
        expectTypeOf(call.input).toEqualTypeOf<{ amount: number }>();
        return call.input.amount > 100 ? { input: { amount: 100 } } : undefined;
      case "calculator":
        expectTypeOf(call.input).toEqualTypeOf<{ expression: string }>();
        return { refuse: "Not today." };
      case "read_entry":
        expectTypeOf(call.input.seq).toBeNumber();
        return undefined;
      case "delegate":
        expectTypeOf(call.input).toEqualTypeOf<{ agent: string; task: string }>();
        return undefined;
      case "handoff":
        expectTypeOf(call.input).toEqualTypeOf<{ agent: string; reason: string }>();
        return undefined;
      default:
        return undefined;
    }
  },
  after(call, result) {
    if (call.name === "docs__search") expectTypeOf(call.input).toBeUnknown();
    if (call.name === "calculator")
      // @ts-expect-error only the call of a refund has an amount
      console.log(call.input.amount);
    // @ts-expect-error the agent has no such tool
    if (call.name === "refunds") console.log(call);
    return { isError: result.isError };
  },
});

// Tools that are known as `Tool[]` alone, and definitions that no function reads, have hooks without a form.
const some: readonly Tool[] = [refund];
const before = defineAgent({
  instructions: "Help.",
  tools: some,
  before({ name, input }) {
    expectTypeOf(name).toBeString();
    expectTypeOf(input).toBeUnknown();
    return undefined;
  },
});
expectTypeOf(before).toEqualTypeOf<AgentDefinition>();

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
expectTypeOf(delegate({ assistant, other: "other" }, { budgetMicros: 1_000, timeoutSeconds: 60 })).toEqualTypeOf<
  Tool<"delegate", { agent: string; task: string }>
>();
expectTypeOf(delegate({ assistant }, { name: "ask" })).toExtend<Tool<"ask">>();
expectTypeOf(handoff({ to: ["assistant"] })).toEqualTypeOf<Tool<"handoff", { agent: string; reason: string }>>();
handoff({ to: { assistant } });
const text = z.object({ text: z.string() });
expectTypeOf(asTool(assistant, { name: "assistant", description: "Helps.", input: text, output: text })).toEqualTypeOf<
  Tool<"assistant", { text: string }>
>();
expectTypeOf(asTool(assistant, { name: "assistant", description: "Helps." })).toExtend<
  Tool<"assistant", { task: string }>
>();
// @ts-expect-error a tool needs a description
asTool(assistant, { name: "assistant" });
// @ts-expect-error the form of an answer is an object
asTool(assistant, { name: "assistant", description: "Helps.", output: z.string() });
// @ts-expect-error an agent is a definition, or the name of one
delegate({ assistant: 1 });
