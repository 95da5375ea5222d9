/** Which right of which session a call needs, when it comes with a session's token: the table of SPEC, REACH-4. Pure. */
import type { Right } from "../account/session-token.ts";

/** `session` and `right` are undefined for what no token opens. */
export function neededRight(method: string, path: string): { session?: string; right?: Right } {
  const [, listed] = /^\/v1\/ui\/messages\/([A-Za-z0-9_-]{1,64})$/.exec(path) ?? [];
  if (listed !== undefined && method === "GET") return { session: listed, right: "read" };
  const [, streamed] = /^\/v1\/ui\/messages\/([A-Za-z0-9_-]{1,64})\/stream$/.exec(path) ?? [];
  if (streamed !== undefined) return { session: streamed, right: method === "GET" ? "read" : "cancel" };
  const [, rated] = /^\/v1\/ui\/messages\/([A-Za-z0-9_-]{1,64})\/feedback$/.exec(path) ?? [];
  if (rated !== undefined && method === "POST") return { session: rated, right: "append" };
  const [, session, rest = ""] = /^\/v1\/sessions\/([A-Za-z0-9_-]{1,64})(?:\/(.*))?$/.exec(path) ?? [];
  if (session === undefined) return {};
  const right = rightFor(method, /^turns\/[^/]*\/./.test(rest) ? "trace" : (rest.split("/")[0] ?? ""));
  return { session, ...(right && { right }) };
}

function rightFor(method: string, what: string): Right | undefined {
  // A past request and an export hold the instructions and the registered prefix; a trace says where models are reached and what they cost.
  if (method === "GET") return ["requests", "export", "trace"].includes(what) ? undefined : "read";
  if (method !== "POST") return undefined;
  switch (what) {
    case "messages":
    case "tool_results":
    case "feedback":
      return "append";
    case "approvals":
      return "approve";
    case "cancel":
      return "cancel";
    default:
      return undefined;
  }
}
