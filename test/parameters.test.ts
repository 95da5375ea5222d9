/** The table of parameters in the doors' README is what the schemas decide. `UPDATE_PARAMETERS=1` writes it anew. */
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import type * as z from "zod";
import { chatFields } from "../src/doors/openai/chat/request.ts";
import { parameterUses } from "../src/doors/openai/parameter.ts";
import { createRequest } from "../src/doors/openai/responses/create-request.ts";

const path = fileURLToPath(new URL("../src/doors/README.md", import.meta.url).href);
const [begin, end] = ["<!-- parameters: written by test/parameters.test.ts -->", "<!-- end of parameters -->"];

/** `tools` and `response_format` are checked where the agent is known (`openai/chat/chat-completions.ts`). */
const routeFields = ["tools", "response_format"];

function cell(schema: z.core.$ZodType | undefined): string {
  if (schema === undefined) return "";
  const { use, why } = parameterUses.get(schema) ?? { use: "taken", why: "" };
  return why === "" ? use : `${use}: ${why}`;
}

function table(): string {
  const chat: Record<string, z.core.$ZodType | undefined> = chatFields;
  const responses: Record<string, z.core.$ZodType | undefined> = createRequest.shape;
  const names = [...new Set([...Object.keys(chat), ...routeFields, ...Object.keys(responses)])].toSorted();
  const rows = names.map((name) => {
    const inChat = routeFields.includes(name) ? "taken" : cell(chat[name]);
    return `| \`${name}\` | ${inChat} | ${cell(responses[name])} |`;
  });
  return ["| parameter | chat completions | Responses |", "|---|---|---|", ...rows].join("\n");
}

it("[DOCS-3] the README says of each parameter of OpenAI's doors what the schemas do with it", () => {
  const text = readFileSync(path, "utf8");
  const [before, rest = ""] = text.split(begin);
  const [written = "", after = ""] = rest.split(end);
  if (process.env.UPDATE_PARAMETERS === "1") {
    writeFileSync(path, `${before}${begin}\n\n${table()}\n\n${end}${after}`);
    return;
  }
  expect(written.trim()).toBe(table());
});

/** The parameters that OpenAI's own client documents. */
function documented(file: string, name: string): string[] {
  const text = readFileSync(
    fileURLToPath(new URL(`../node_modules/openai/resources/${file}.d.ts`, import.meta.url).href),
    "utf8",
  );
  const [, body = ""] = text.split(`export interface ${name} {`);
  return [...(body.split("\n}")[0] ?? "").matchAll(/^ {4}(\w+)\??:/gm)].map(([, field = ""]) => field);
}

it.each([
  [
    "chat completions",
    [...Object.keys(chatFields), ...routeFields],
    documented("chat/completions/completions", "ChatCompletionCreateParamsBase"),
  ],
  ["Responses", Object.keys(createRequest.shape), documented("responses/responses", "ResponseCreateParamsBase")],
])("[DOCS-3] %s decides about every parameter that OpenAI's client documents", (_, decided, all) => {
  expect(all.length).toBeGreaterThan(25);
  expect(all.filter((name) => !decided.includes(name))).toEqual([]);
});
