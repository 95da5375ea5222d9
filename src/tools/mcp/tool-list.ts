/** Reads what a server says its tools are, within bounds: what a hostile or careless server sends must not fill requests. Believes nothing it says about harm. */
import * as z from "zod/mini";
import { isDeeper } from "../../core/nesting.ts";
import type { JsonSchema } from "../strict-schema.ts";

/** A tool as its server lists it. */
export interface ListedTool {
  name: string;
  description: string;
  inputSchema: JsonSchema;
}

/** Bounds of a list; descriptions and schemas are part of every request. */
const mostPages = 10;
const mostListed = 128;
const longestDescription = 2_000;
const longestSchema = 20_000;

const listed = z.object({
  name: z.string().check(z.minLength(1), z.maxLength(256)),
  title: z.catch(z.optional(z.string()), undefined),
  description: z.catch(z.optional(z.string()), undefined),
  inputSchema: z.catch(z.record(z.string(), z.unknown()), {}),
  execution: z.catch(z.optional(z.object({ taskSupport: z.optional(z.string()) })), undefined),
});

/** One page as it came. */
export const listPage = z.looseObject({ tools: z.array(z.unknown()), nextCursor: z.optional(z.string()) });

/** All tools that can be used, page by page; the first one of each name counts. `page` asks for the page behind a cursor. */
export async function readToolList(
  page: (cursor: string | undefined) => Promise<z.infer<typeof listPage>>,
): Promise<ListedTool[]> {
  const found = new Map<string, ListedTool>();
  let cursor: string | undefined;
  for (let pages = 0; pages < mostPages && found.size < mostListed; pages++) {
    const { tools, nextCursor } = await page(cursor);
    for (const tool of tools) {
      const read = readTool(tool);
      if (read !== undefined && !found.has(read.name) && found.size < mostListed) found.set(read.name, read);
    }
    if (nextCursor === undefined || nextCursor === cursor) break;
    cursor = nextCursor;
  }
  return [...found.values()];
}

/** `undefined` for one that is no tool, too big to be sent with every request, or runs only as a task. */
function readTool(tool: unknown): ListedTool | undefined {
  const { success, data } = listed.safeParse(tool);
  if (!success || data.execution?.taskSupport === "required") return undefined;
  const { name, title, description = title ?? "", inputSchema } = data;
  if (isDeeper(inputSchema) || JSON.stringify(inputSchema).length > longestSchema) return undefined;
  return { name, description: shortened(description), inputSchema };
}

function shortened(text: string): string {
  if (text.length <= longestDescription) return text.toWellFormed();
  return `${text.slice(0, longestDescription - 1).toWellFormed()}…`;
}

const kept = z.array(
  z.object({ name: z.string(), description: z.string(), inputSchema: z.record(z.string(), z.unknown()) }),
);

/** A list that was kept somewhere; `undefined` when it is none. */
export function keptToolList(value: unknown): ListedTool[] | undefined {
  return kept.safeParse(value).data;
}
