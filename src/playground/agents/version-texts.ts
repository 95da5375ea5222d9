/** A version of an agent as a form has it, texts alone, and as the body of `POST /v1/agents/:agent/versions`: what is as in the code is left out. Pure. */
import type { AgentDetailsJson } from "../../wire/agent-shapes.ts";

/** The names of the API, in the order of the form. */
export const versionFields = [
  "instructions",
  "models",
  "tools",
  "sampling.temperature",
  "sampling.top_p",
  "sampling.frequency_penalty",
  "sampling.presence_penalty",
  "limits.max_steps",
  "limits.turn_seconds",
  "limits.wait_seconds",
  "note",
] as const;

export type VersionField = (typeof versionFields)[number];
export type VersionTexts = Readonly<Record<VersionField, string>>;

/** What the code says. Its sampling is not known here, and stays as it is unless something is entered. */
export function versionTexts({ instructions, models, tools, limits }: AgentDetailsJson): VersionTexts {
  const none = Object.fromEntries(versionFields.map((name) => [name, ""])) as VersionTexts;
  return {
    ...none,
    instructions,
    models: models.map(({ id }) => id).join(", "),
    tools: tools.map(({ name }) => name).join(", "),
    "limits.max_steps": String(limits.max_steps),
    "limits.turn_seconds": String(limits.turn_seconds),
    "limits.wait_seconds": String(limits.wait_seconds),
  };
}

/** `before`: the texts of the code. A figure that is none is sent all the same: the server names the field. */
export function versionBody(texts: VersionTexts, before: VersionTexts): Record<string, unknown> {
  const body: Record<string, unknown> = {};
  for (const name of versionFields) {
    const text = texts[name];
    const [group = "", field] = name.split(".");
    if (text === before[name]) continue;
    if (field !== undefined) {
      if (text.trim() !== "") body[group] = { ...(body[group] as object), [field]: figure(text) };
    } else body[group] = name === "models" || name === "tools" ? namesIn(text) : text;
  }
  return body;
}

function namesIn(text: string): string[] {
  return text.split(/[\s,]+/).filter((name) => name !== "");
}

/** JSON has no other way to say that it is no number. */
function figure(text: string): number | string {
  const value = Number(text);
  return Number.isFinite(value) ? value : text;
}
