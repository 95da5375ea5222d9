/** OpenAI's Agents SDK over Responses: tools, handoffs and approvals. */
import { Agent, hostedMcpTool, OpenAIProvider, Runner, tool, toolNamespace } from "@openai/agents";
import * as z from "zod";
import {
  type Client,
  expect,
  expectAll,
  expectCancelled,
  expectCount,
  expectPieces,
  failureOf,
  type Place,
} from "../aspects.ts";

const runnerOf = ({ url, key, model }: Place) =>
  new Runner({
    model,
    tracingDisabled: true,
    modelProvider: new OpenAIProvider({ apiKey: key, baseURL: `${url}/v1`, useResponses: true }),
  });
const weather = tool({
  name: "weather",
  description: "The weather of a city",
  parameters: z.object({ city: z.string() }),
  execute: async ({ city }) => `sunny in ${city}`,
});
const agent = new Agent({ name: "assistant", instructions: "Be short.", tools: [weather] });
const plainAgent = new Agent({ name: "assistant", instructions: "Be short." });

async function checkTool(place: Place): Promise<void> {
  const { finalOutput } = await runnerOf(place).run(agent, `The weather in Ulm? ${place.mark}`);
  expect("text", finalOutput, "It says: sunny in Ulm");
}

async function checkHandoff(place: Place): Promise<void> {
  const other = new Agent({ name: "billing", instructions: "You know bills.", handoffDescription: "Knows bills" });
  const first = Agent.create({ name: "front", instructions: "Hand over.", handoffs: [other] });
  const { lastAgent } = await runnerOf(place).run(first, `Use \`transfer_to_billing\` now ${place.mark}`);
  expect("agent after a handoff", lastAgent?.name, "billing");
}

async function checkApproval(place: Place): Promise<void> {
  let runs = 0;
  const erase = tool({
    name: "erase",
    description: "Erases a city",
    parameters: z.object({ city: z.string() }),
    needsApproval: true,
    execute: async ({ city }) => `${city} erased ${++runs}`,
  });
  const careful = new Agent({ name: "careful", instructions: "Be careful.", tools: [erase] });
  const asked = await runnerOf(place).run(careful, `Use \`erase\` on Ulm ${place.mark}`);
  expect("calls that wait", asked.interruptions.length, 1);
  for (const each of asked.interruptions) asked.state.approve(each);
  const { finalOutput } = await runnerOf(place).run(careful, asked.state);
  expect("text after the approval", finalOutput, "It says: Ulm erased 1");
}

/** A tool of the server that a person must approve, as the SDK knows such: a hosted MCP server's. */
async function checkHostedApproval(place: Place): Promise<void> {
  const hosted = hostedMcpTool({ serverLabel: "longline", requireApproval: "always" });
  const careful = new Agent({ name: "careful", instructions: "Be careful.", tools: [hosted] });
  const request = JSON.stringify({ method: "POST", url: "https://example.com/orders", body: "17 pencils" });
  const asked = await runnerOf(place).run(careful, `Use \`send_request\` with ${request}. ${place.mark}`);
  expect("calls of the server that wait", asked.interruptions.length, 1);
  for (const each of asked.interruptions) asked.state.reject(each);
  const { finalOutput } = await runnerOf(place).run(careful, asked.state);
  expect("text after the refusal", finalOutput, /^It says: /);
}

/** Tools of a namespace come to the model under one name each, and their calls name it. */
async function checkNamespace(place: Place): Promise<void> {
  const tools = toolNamespace({ name: "forecast", description: "About the weather", tools: [weather] });
  const grouped = new Agent({ name: "grouped", instructions: "Be short.", tools });
  const { finalOutput } = await runnerOf(place).run(grouped, `The weather in Ulm? ${place.mark}`);
  expect("text with a namespace", finalOutput, "It says: sunny in Ulm");
}

export const client: Client = {
  packages: ["@openai/agents"],
  checks: {
    async plain(place) {
      const { finalOutput } = await runnerOf(place).run(plainAgent, `Hi ${place.mark}`);
      expect("text", finalOutput, "Hello from the model.");
    },
    async stream(place) {
      const result = await runnerOf(place).run(plainAgent, `Hi ${place.mark}`, { stream: true });
      const pieces: string[] = [];
      for await (const piece of result.toTextStream()) pieces.push(piece);
      await result.completed;
      expect("text", expectPieces("text", pieces), "Hello from the model.");
    },
    async tools(place) {
      await expectAll(place, { checkTool, checkHandoff, checkApproval, checkHostedApproval, checkNamespace });
    },
    async structured(place) {
      const outputType = z.object({ city: z.string(), degrees: z.number() });
      const typed = new Agent({ name: "typed", instructions: "Be exact.", outputType });
      const { finalOutput } = await runnerOf(place).run(typed, `How warm is it? ${place.mark}`);
      expect("object", finalOutput, { city: "Ulm", degrees: 21 });
    },
    async abort(place) {
      const stop = new AbortController();
      const result = await runnerOf(place).run(plainAgent, `Count slowly ${place.mark}`, {
        stream: true,
        signal: stop.signal,
      });
      for await (const piece of result.toTextStream()) if (piece !== "") stop.abort();
      await expectCancelled(place);
    },
    async errors(place) {
      const wrongKey = await failureOf("wrong key", () =>
        runnerOf({ ...place, key: "wrong-key-of-a-caller" }).run(plainAgent, "Hi"),
      );
      expect("status of a wrong key", wrongKey.status, 401);
      await failureOf("failed turn", () => runnerOf(place).run(plainAgent, `Fail please ${place.mark}`));
      await failureOf("failed stream", async () => {
        const result = await runnerOf(place).run(plainAgent, `Fail please, streamed ${place.mark}`, { stream: true });
        await result.completed;
      });
    },
    async usage(place) {
      const { state } = await runnerOf(place).run(plainAgent, `Hi ${place.mark}`);
      expectCount("input", state.usage.inputTokens);
      expectCount("output", state.usage.outputTokens);
    },
    async resume(place) {
      const first = await runnerOf(place).run(plainAgent, `The word is ${place.mark}`);
      const second = await runnerOf(place).run(plainAgent, "What did I say?", {
        previousResponseId: first.lastResponseId as string,
      });
      expect("text", second.finalOutput, `You said: The word is ${place.mark}`);
      const local = await runnerOf(place).run(plainAgent, [
        ...first.history,
        { role: "user", content: "What did I say?" },
      ]);
      expect("text with a local history", local.finalOutput, `You said: The word is ${place.mark}`);
    },
  },
};
