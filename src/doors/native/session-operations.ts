/** The calls under `/v1/sessions`, described. */
import * as z from "zod/mini";
import { lazySchema } from "../../core/lazy-schema.ts";
import { sessionEvent } from "../../wire/event-shapes.ts";
import { prefixReport } from "../../wire/prefix-shapes.ts";
import {
  cancellation,
  entry,
  feedback as feedbackShape,
  searchHit,
  session,
  sessionDetails,
  turn,
} from "../../wire/shapes.ts";
import { isoDateTime } from "../../wire/zod-parts.ts";
import type { Operation } from "../operation.ts";
import { sentMessage } from "../sent-message.ts";
import { anyObject } from "../shapes.ts";
import { approval, feedback, toolResults } from "./answers.ts";
import { entryRange, searching, sending } from "./messages.ts";
import { doctorQuery } from "./prefix-doctor.ts";
import { sessionChanges, sessionCreation, sessionListing } from "./sessions.ts";
import { tokenRequest } from "./tokens.ts";

const tag = "Sessions";
const idempotent = lazySchema(() =>
  z.object({
    "Idempotency-Key": z
      .optional(z.string().check(z.maxLength(255)))
      .register(z.globalRegistry, { description: "The same key and body: the same session or turn." }),
  }),
);
const resuming = lazySchema(() => z.object({ "Last-Event-ID": z.optional(z.string()) }));
const accepting = lazySchema(() =>
  z.object({
    "Idempotency-Key": z
      .optional(z.string().check(z.maxLength(255)))
      .register(z.globalRegistry, { description: "The same key and body: the same turn." }),
    Prefer: z
      .optional(z.string())
      .register(z.globalRegistry, { description: "`respond-async`, or `wait=N` seconds; 60 by default, at most 300." }),
    Accept: z.optional(z.string()).register(z.globalRegistry, { description: "`text/event-stream` streams the turn." }),
    traceparent: z
      .optional(z.string())
      .register(z.globalRegistry, { description: "W3C trace context: the parent of the turn's trace." }),
    tracestate: z
      .optional(z.string())
      .register(z.globalRegistry, { description: "W3C trace context: passed on, up to 512 characters." }),
  }),
);
const call = lazySchema(() =>
  z.object({ session: z.string(), turn: z.string(), call_id: z.string(), approve: z.boolean() }),
);
const takenResults = lazySchema(() =>
  z.object({ session: z.string(), turn: z.string(), accepted: z.array(z.string()) }),
);
const keptFeedback = lazySchema(() => z.object({ session: z.string(), turn: z.string(), feedback: feedbackShape }));

export const sessionOperations = (): Record<string, Operation> => ({
  "POST /v1/sessions": {
    tag,
    summary: "Makes a session",
    headers: idempotent,
    body: sessionCreation,
    answers: { 201: { what: "The session.", schema: session }, 200: { what: "It was there.", schema: session } },
    refusals: [404, 415],
  },
  "GET /v1/sessions": {
    tag,
    summary: "Lists sessions, the newest first, or finds them by their words and their last turn's end",
    query: sessionListing,
    answers: {
      200: {
        what: "A page.",
        schema: z.object({ sessions: z.array(session), next_cursor: z.nullable(z.string()) }),
      },
    },
  },
  "GET /v1/sessions/{id}": {
    tag,
    summary: "Reads a session, with the messages that wait in it",
    answers: { 200: { what: "The session.", schema: sessionDetails } },
    refusals: [404],
  },
  "PATCH /v1/sessions/{id}": {
    tag,
    summary: "Renames or relabels a session",
    body: sessionChanges,
    answers: { 200: { what: "The session.", schema: session } },
    refusals: [404],
  },
  "DELETE /v1/sessions/{id}": {
    tag,
    summary: "Erases a session for good",
    answers: {
      200: { what: "A receipt.", schema: z.object({ deleted: z.object({ entries: z.int(), bytes: z.int() }) }) },
    },
    refusals: [404],
  },
  "POST /v1/sessions/{id}/messages": {
    tag,
    summary: "Says something: begins a turn, and makes the session where there is none",
    query: sending,
    headers: accepting,
    body: sentMessage,
    answers: {
      200: { what: "The turn has ended; or its events, as they come.", schema: turn, orStream: sessionEvent },
      202: { what: "The turn goes on, or waits for its client or a person.", schema: turn },
    },
    refusals: [404, 409, 413, 415, 422, 429],
  },
  "GET /v1/sessions/{id}/turns/{turn}": {
    tag,
    summary: "The state of a turn",
    answers: { 200: { what: "The turn.", schema: turn } },
    refusals: [404],
  },
  "GET /v1/sessions/{id}/turns/{turn}/trace": {
    tag,
    summary: "The trace of a turn, for OpenTelemetry",
    answers: {
      200: {
        what: "An OTLP `ExportTraceServiceRequest` in JSON.",
        schema: z.object({ resourceSpans: z.array(anyObject) }),
      },
    },
    refusals: [404],
  },
  "GET /v1/sessions/{id}/events": {
    tag,
    summary: "The session's events, from any place on, then live",
    query: z.object({
      after: z
        .optional(z.string())
        .register(z.globalRegistry, { description: "Id of the newest event that the reader has." }),
      lastEventId: z
        .optional(z.string())
        .register(z.globalRegistry, { description: "The same, as polyfills of EventSource send it." }),
      live: z.optional(z.enum(["true", "false"])),
    }),
    headers: resuming,
    key: "url",
    answers: { 200: { what: "Events, each with an id to come back with.", orStream: sessionEvent } },
    refusals: [404],
  },
  "GET /v1/sessions/{id}/entries": {
    tag,
    summary: "The transcript",
    query: entryRange,
    answers: { 200: { what: "A page.", schema: z.object({ entries: z.array(entry), last_seq: z.int() }) } },
    refusals: [404],
  },
  "GET /v1/sessions/{id}/search": {
    tag,
    summary: "Finds entries by their words, best first",
    query: searching,
    answers: { 200: { what: "Entries.", schema: z.object({ results: z.array(searchHit) }) } },
    refusals: [404],
  },
  "POST /v1/sessions/{id}/cancel": {
    tag,
    summary: "Ends the open turn, from anywhere",
    query: z.object({ turn: z.optional(z.string()) }),
    answers: {
      202: { what: "It is being stopped.", schema: cancellation },
      200: { what: "There was nothing to stop.", schema: cancellation },
    },
    refusals: [404],
  },
  "POST /v1/sessions/{id}/approvals/{call_id}": {
    tag,
    summary: "Says yes or no to a call, once",
    body: approval,
    answers: { 200: { what: "The turn goes on.", schema: call } },
    refusals: [404, 409],
  },
  "POST /v1/sessions/{id}/tool_results": {
    tag,
    summary: "Brings the results of tools that ran at the client",
    body: toolResults,
    answers: { 200: { what: "The turn goes on.", schema: takenResults } },
    refusals: [404, 409],
  },
  "POST /v1/sessions/{id}/feedback": {
    tag,
    summary: "Rates a turn's answer; again, in place of the earlier rating",
    body: feedback,
    answers: { 200: { what: "What is kept.", schema: keptFeedback } },
    refusals: [404],
  },
  "POST /v1/sessions/{id}/tokens": {
    tag,
    summary: "A token for this session alone, safe in a browser; the session is made where there is none",
    body: tokenRequest,
    answers: {
      201: {
        what: "The token.",
        schema: z.object({
          token: z.string(),
          session: z.string(),
          rights: z.array(z.string()),
          expires_at: isoDateTime(),
        }),
      },
    },
    refusals: [404],
  },
  "DELETE /v1/sessions/{id}/tokens": {
    tag,
    summary: "Withdraws all tokens of the session",
    answers: { 204: { what: "None of them is valid any more." } },
    refusals: [404],
  },
  "GET /v1/sessions/{id}/requests/{seq}": {
    tag,
    summary: "The request that a reply of the model answered",
    answers: {
      200: {
        what: "Its body, made again from the log; `differs` says why it may not be what was sent.",
        schema: z.object({
          seq: z.int(),
          model: z.string(),
          exact: z.boolean(),
          differs: z.optional(z.string()),
          body: anyObject,
        }),
      },
    },
    refusals: [404],
  },
  "GET /v1/sessions/{id}/prefix": {
    tag,
    summary: "The prefix doctor: what should have been cached, what was, and what changed",
    query: doctorQuery,
    answers: {
      200: { what: "The report.", schema: prefixReport },
    },
    refusals: [404],
  },
});
