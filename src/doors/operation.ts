/** How a call is described: in a few words and by the very schemas that validate it. Becomes an OpenAPI operation. */
import * as z from "zod/mini";
import type { ZodOpenApiOperationObject, ZodOpenApiParameters, ZodOpenApiResponseObject } from "zod-openapi";
import { problem } from "../http/problem-shape.ts";
import { foreignEvents, openAiProblem } from "./shapes.ts";

/** What comes back under one status. `schema` is JSON unless `type` says otherwise. */
export interface AnswerShape {
  what: string;
  schema?: z.core.$ZodType;
  type?: string;
  /** It may come as server-sent events, where it is asked for: of the session by this schema, or of another protocol. */
  orStream?: z.core.$ZodType | "foreign";
}

export interface Operation {
  tag: string;
  summary: string;
  query?: z.core.$ZodObject;
  headers?: z.core.$ZodObject;
  body?: z.core.$ZodType;
  /** The body is no JSON. */
  bodyType?: string;
  answers: Record<number, AnswerShape>;
  /** Statuses of refusals, beside 400 and 401. */
  refusals?: readonly number[];
  /** Callers without a key of an account: everyone, the operator with its own key, senders that sign, or those with a session's token in the URL. */
  key?: "none" | "admin" | "signature" | "url";
  /** Refusals are worded as OpenAI's. */
  openAi?: true;
}

const words: Record<number, string> = {
  400: "The request is wrong; the field is named.",
  401: "A valid key is needed.",
  403: "Not allowed with this token.",
  404: "There is no such thing, or it is another account's.",
  405: "Only POST is taken.",
  409: "It does not fit what is there.",
  413: "The body is too large.",
  415: "The body is of another type.",
  422: "The Idempotency-Key was used with another body.",
  429: "Too much, too fast; Retry-After says how long to wait.",
  502: "The provider failed.",
  503: "The Worker is not configured.",
  504: "It is not there yet; nothing is lost.",
};

/** All of its fields may be. What takes any object is another protocol's body. */
function mayBeAbsent(body: z.core.$ZodType): boolean {
  return z.safeParse(body, {}).success && !z.safeParse(body, { another: 1 }).success;
}

/** `path`: as OpenAPI writes it, with `{name}`. */
export function operationObject(path: string, of: Operation): ZodOpenApiOperationObject {
  const { tag, summary, body, bodyType = "application/json" } = of;
  const security = securityOf(of);
  return {
    tags: [tag],
    summary,
    requestParams: parametersOf(path, of),
    ...(body && { requestBody: { required: !mayBeAbsent(body), content: { [bodyType]: { schema: body } } } }),
    responses: responsesOf(of),
    ...(security && { security }),
  };
}

function parametersOf(path: string, { query, headers }: Operation): ZodOpenApiParameters {
  const names = [...path.matchAll(/\{(\w+)\}/g)].map(([, name = ""]) => name);
  return {
    ...(names.length > 0 && { path: z.object(Object.fromEntries(names.map((name) => [name, z.string()]))) }),
    ...(query && { query }),
    ...(headers && { header: headers }),
  };
}

function responsesOf({ answers, refusals = [], key, openAi }: Operation) {
  const refused = [400, ...(key === "none" ? [] : [401]), ...refusals];
  const problems = refused.map((status): [string, ZodOpenApiResponseObject] => {
    const schema = openAi ? openAiProblem : problem;
    const type = openAi ? "application/json" : "application/problem+json";
    return [String(status), { description: words[status] ?? "It was refused.", content: { [type]: { schema } } }];
  });
  const refusalsByStatus = Object.fromEntries(problems);
  const given = Object.entries(answers).map(([status, answer]): [string, ZodOpenApiResponseObject] => {
    // A status may be a refusal of the protocol's own, too.
    const content = { ...refusalsByStatus[status]?.content, ...contentOf(answer) };
    return [status, { description: answer.what, ...(Object.keys(content).length > 0 && { content }) }];
  });
  return { ...refusalsByStatus, ...Object.fromEntries(given) };
}

function contentOf({ schema, type = "application/json", orStream }: AnswerShape) {
  return {
    ...(schema && { [type]: { schema } }),
    ...(orStream && { "text/event-stream": { schema: orStream === "foreign" ? foreignEvents : orStream } }),
  };
}

function securityOf({ key }: Operation) {
  if (key === "none" || key === "signature") return [];
  if (key === "url") return [{ key: [] }, { url_token: [] }];
  return key === "admin" ? [{ admin: [] }] : undefined;
}
