/** The door for copies of sessions: a fork, an export, an import. */
import * as z from "zod/mini";
import { Copying } from "../../session/store/copying.ts";
import { sessionDetails } from "../../wire/shapes.ts";
import { type Door, defineDoor } from "../door.ts";
import type { Operation } from "../operation.ts";
import { copyRoutes, forking, importing } from "./routes.ts";

/** `POST /v1/sessions/:id/fork`, `GET /v1/sessions/:id/export` and `POST /v1/sessions/import`. The page forks and exports by them. */
export function copies(): Door {
  return defineDoor({
    name: "copies",
    isNative: true,
    routes: () => [["/v1/sessions", copyRoutes]],
    copying: Copying,
    operations: copyOperations,
  });
}

const tag = "Sessions";

const copyOperations = (): Record<string, Operation> => ({
  "POST /v1/sessions/{id}/fork": {
    tag,
    summary: "Copies a session up to an entry",
    body: forking,
    answers: { 201: { what: "The copy.", schema: sessionDetails } },
    refusals: [404, 409],
  },
  "GET /v1/sessions/{id}/export": {
    tag,
    summary: "All of a session, as lines of JSON",
    answers: { 200: { what: "A header and the entries.", schema: z.string(), type: "application/x-ndjson" } },
    refusals: [404],
  },
  "POST /v1/sessions/import": {
    tag,
    summary: "Makes a session of an export",
    query: importing,
    body: z.string(),
    bodyType: "application/x-ndjson",
    answers: { 201: { what: "The session.", schema: sessionDetails } },
    refusals: [404, 409, 413],
  },
});
