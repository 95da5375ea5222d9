/** The calls about versions and rollouts, described. */
import * as z from "zod/mini";
import { lazySchema } from "../../core/lazy-schema.ts";
import {
  agentVersion,
  rolloutReport,
  rollout as rolloutShape,
  versionDifference,
  wholeVersion,
} from "../../wire/rollout-shapes.ts";
import type { Operation } from "../operation.ts";
import { reportForm, rolloutCreation } from "./routes.ts";
import { versionCreation, versionListing } from "./versions.ts";

const operate = { tag: "Rollouts" } as const;
const forAccount = lazySchema(() => z.object({ account: z.optional(z.string()) }));
const rollout = { what: "The rollout.", schema: rolloutShape };
const made = lazySchema(() => z.object({ version: z.string(), diff: versionDifference }));

const action = (summary: string): Operation => ({
  ...operate,
  summary,
  query: forAccount,
  answers: { 200: rollout },
  refusals: [403, 404, 409],
});

export const rolloutOperations = (): Record<string, Operation> => ({
  "POST /v1/agents/{agent}/versions": {
    ...operate,
    summary: "Makes a version of an agent over the one of its code, without a deploy",
    query: forAccount,
    body: versionCreation,
    answers: {
      201: { what: "It is made.", schema: made },
      200: { what: "It was there.", schema: made },
    },
    refusals: [403, 404, 409],
  },
  "GET /v1/agents/{agent}/versions": {
    ...operate,
    summary: "Lists versions of an agent; with `diff=v_a..v_b` compares two, with the price of lost prefixes",
    query: versionListing,
    answers: {
      200: {
        what: "Versions, or the difference of two.",
        schema: z.object({
          agent: z.string(),
          versions: z.optional(z.array(agentVersion)),
          from: z.optional(z.string()),
          to: z.optional(z.string()),
          diff: z.optional(versionDifference),
        }),
      },
    },
    refusals: [403, 404],
  },
  "GET /v1/agents/{agent}/versions/{version}": {
    ...operate,
    summary: "Reads a version: its instructions, models, sampling, limits and tools",
    query: forAccount,
    answers: { 200: { what: "The version.", schema: wholeVersion } },
    refusals: [403, 404],
  },
  "POST /v1/rollouts": {
    ...operate,
    summary:
      "Begins to give a version to a growing share of sessions, or of speakers; with `dry_run` answers only what would begin",
    query: forAccount,
    body: rolloutCreation,
    answers: {
      201: rollout,
      200: { what: "What would begin, with what differs and the smallest harm of each stage.", schema: rolloutReport },
    },
    refusals: [403, 404, 409],
  },
  "GET /v1/rollouts": {
    ...operate,
    summary: "Lists rollouts, newest first",
    query: forAccount,
    answers: { 200: { what: "The newest 200.", schema: z.object({ rollouts: z.array(rolloutShape) }) } },
    refusals: [403],
  },
  "GET /v1/rollouts/{rollout}": {
    ...operate,
    summary: "Reads a rollout, with what was counted and what that proves",
    query: forAccount,
    answers: { 200: rollout },
    refusals: [403, 404],
  },
  "GET /v1/rollouts/{rollout}/report": {
    ...operate,
    summary: "The evidence, for a change request; Markdown with `Accept: text/markdown` or `format=markdown`",
    query: reportForm,
    answers: { 200: { what: "The report.", schema: rolloutReport } },
    refusals: [403, 404],
  },
  "POST /v1/rollouts/{rollout}/pause": action(
    "Keeps the share where it is; a version that does harm is rolled back all the same",
  ),
  "POST /v1/rollouts/{rollout}/resume": action("Goes on with a rollout that is paused or holds"),
  "POST /v1/rollouts/{rollout}/promote": action("Gives the version to all keys but those held back"),
  "POST /v1/rollouts/{rollout}/rollback": action("Gives the version before to all keys"),
});
