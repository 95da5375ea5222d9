/** What `useChat` sends: the whole conversation, of which only the last message is new. */
import * as z from "zod/mini";
import { mostUnits } from "../../core/bounds.ts";
import { thinkingLevels } from "../../core/entry.ts";
import { AppError } from "../../core/errors.ts";
import { lazySchema } from "../../core/lazy-schema.ts";
import { speakerFault } from "../../core/speaker.ts";

const part = lazySchema(() => z.looseObject({ type: z.string() }));

const submitting = ["submit-message", "submit-user-message", "submit-tool-result"] as const;
const regenerating = ["regenerate-message", "regenerate-assistant-message"] as const;

/** Whether the model is asked for another answer to a message that it has answered. */
export function isAgain(trigger: UiTrigger): boolean {
  return regenerating.some((name) => name === trigger);
}
export type UiTrigger = z.infer<typeof fields>["trigger"];

/** Clients add members of their own to messages and bodies; those are left alone. */
export const uiFields = lazySchema(() =>
  z.object({
    id: z.string(),
    messages: z
      .array(
        z.looseObject({
          id: z.string().check(z.minLength(1), z.maxLength(200)),
          role: z.enum(["user", "assistant", "system"]),
          parts: z.array(part),
          metadata: z.optional(z.unknown()),
        }),
      )
      .check(z.minLength(1)),
    /** The names since AI SDK 5, and those of its betas. */
    trigger: z.nullish(z.enum([...submitting, ...regenerating])),
    messageId: z.nullish(z.string()),
    thinking: z.nullish(z.union([z.boolean(), z.enum(thinkingLevels)])),
    model: z.nullish(z.string()),
  }),
);

const fields = lazySchema(() => z.looseObject(uiFields.shape));
export type UiMessage = z.infer<typeof fields>["messages"][number];

/** What the last message brings: a message of the user, or answers about the calls of the message that has not ended yet. */
export type UiNews =
  | { kind: "message"; id: string; content: string; speaker?: string }
  | { kind: "answers"; approvals: UiApproval[]; results: UiResult[] };

export interface UiApproval {
  callId: string;
  approve: boolean;
  reason?: string;
}

export interface UiResult {
  callId: string;
  content: string;
  isError: boolean;
}

const answered = lazySchema(() =>
  z.looseObject({
    toolCallId: z.string(),
    state: z.string(),
    providerExecuted: z.nullish(z.boolean()),
    output: z.optional(z.unknown()),
    errorText: z.nullish(z.string()),
    approval: z.nullish(
      z.looseObject({ id: z.string(), approved: z.nullish(z.boolean()), reason: z.nullish(z.string()) }),
    ),
  }),
);

/** Throws an AppError that names the part which cannot be taken in. */
export function newsOf(messages: readonly UiMessage[]): UiNews {
  const at = messages.length - 1;
  const last = messages[at];
  if (last?.role === "user") return messageOf(last, `messages.${at}`);
  if (last?.role === "assistant") return answersIn(last);
  throw refused(`messages.${at}`, "the last message must be one of the user or of the assistant");
}

function messageOf({ id, parts, metadata }: UiMessage, at: string): UiNews {
  const texts = parts.map((each, place) => {
    if (each.type === "text") return typeof each.text === "string" ? each.text : "";
    if (each.type.startsWith("data-")) return "";
    throw refused(`${at}.parts.${place}`, `a part of type "${each.type}" cannot be read here. Send text only`);
  });
  const content = texts.filter((text) => text !== "").join("\n");
  if (content === "") throw refused(`${at}.parts`, "must have a text");
  const { speaker } = (typeof metadata === "object" && metadata !== null ? metadata : {}) as { speaker?: unknown };
  if (typeof speaker !== "string" || speaker === "") return { kind: "message", id, content };
  const fault = speakerFault(speaker);
  if (fault !== undefined) throw refused(`${at}.metadata.speaker`, fault);
  return { kind: "message", id, content, speaker };
}

/** Of the newest step: earlier ones were answered before. */
function answersIn({ parts }: UiMessage): UiNews {
  const step = parts.slice(parts.findLastIndex(({ type }) => type === "step-start") + 1);
  const tools = step
    .filter(({ type }) => type === "dynamic-tool" || type.startsWith("tool-"))
    .flatMap((each) => answered.safeParse(each).data ?? []);
  const approvals = tools.flatMap(({ state, approval }): UiApproval[] => {
    if (state !== "approval-responded" || typeof approval?.approved !== "boolean") return [];
    const reason = approval.reason?.slice(0, mostUnits.reason);
    return [{ callId: approval.id, approve: approval.approved, ...(reason && { reason }) }];
  });
  const results = tools.flatMap(({ state, toolCallId: callId, providerExecuted, output, errorText }): UiResult[] => {
    if (providerExecuted) return [];
    if (state === "output-error") return [{ callId, content: errorText ?? "It failed.", isError: true }];
    if (state !== "output-available") return [];
    return [{ callId, content: typeof output === "string" ? output : JSON.stringify(output ?? null), isError: false }];
  });
  return { kind: "answers", approvals, results };
}

function refused(field: string, detail: string): AppError {
  return new AppError("invalid_request", `${field}: ${detail}.`, { field });
}
