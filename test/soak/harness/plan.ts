/** What a message of the soak asks for, written into the message itself, so that the model double needs no memory. */
import type { Chance } from "./chance.ts";

/** Tools by the word that a message uses for them. */
export const toolNames = ["look", "book", "pay", "wire_money"] as const;
export type ToolName = (typeof toolNames)[number];

/** `s3-m2: look+pay;book`: two steps with tools, then an answer. */
export function messageText(id: string, chance: Chance): string {
  const steps = Array.from({ length: chance.pick([0, 0, 1, 1, 1, 2]) }, () =>
    Array.from({ length: chance.pick([1, 1, 2, 3]) }, () => chance.pick(toolNames)).join("+"),
  );
  return `${id}: ${steps.join(";") || "none"}`;
}

export interface Plan {
  id: string;
  /** The tools of each step. */
  steps: ToolName[][];
}

/** The plan in a message; `undefined` for anything else. */
export function planOf(content: string): Plan | undefined {
  const match = /^(s\d+-m\d+): (\S+)$/.exec(content);
  if (match === null) return undefined;
  const [, id = "", text = ""] = match;
  const known = (name: string): name is ToolName => (toolNames as readonly string[]).includes(name);
  return { id, steps: text === "none" ? [] : text.split(";").map((step) => step.split("+").filter(known)) };
}

/** The session of a message's id. */
export function sessionOf(id: string): string {
  return id.replace(/-m\d+$/, "");
}
