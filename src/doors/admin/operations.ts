/** The calls about accounts and their keys, described. */
import * as z from "zod/mini";
import { lazySchema } from "../../core/lazy-schema.ts";
import { usageSum } from "../../wire/account-shapes.ts";
import type { Operation } from "../operation.ts";
import { account, key } from "../shapes.ts";
import { usageQuery } from "../usage-sums.ts";
import { accountChanges, accountCreation, keyCreation } from "./routes.ts";

const count = lazySchema(() => z.int().check(z.minimum(0)));
const erased = lazySchema(() =>
  z.object({ deleted: z.object({ sessions: count, entries: count, bytes: count }), remaining: count }),
);
const admin = { tag: "Accounts", key: "admin" } as const;

export const adminOperations = (): Record<string, Operation> => ({
  "POST /v1/admin/accounts": {
    ...admin,
    summary: "Makes an account",
    body: accountCreation,
    answers: { 201: { what: "The account.", schema: account } },
    refusals: [409, 503],
  },
  "GET /v1/admin/accounts": {
    ...admin,
    summary: "Lists accounts",
    answers: { 200: { what: "Their ids.", schema: z.object({ accounts: z.array(z.string()) }) } },
    refusals: [503],
  },
  "GET /v1/admin/accounts/{account}": {
    ...admin,
    summary: "Reads an account",
    answers: { 200: { what: "The account.", schema: account } },
    refusals: [404, 503],
  },
  "PATCH /v1/admin/accounts/{account}": {
    ...admin,
    summary: "Changes an account's limits",
    body: accountChanges,
    answers: { 200: { what: "The account.", schema: account } },
    refusals: [404, 503],
  },
  "DELETE /v1/admin/accounts/{account}": {
    ...admin,
    summary: "Erases an account with all its sessions",
    answers: {
      200: { what: "What was erased; nothing is left.", schema: erased },
      202: { what: "The rest is erased by and by; send it again to see how far it is.", schema: erased },
    },
    refusals: [404, 409, 503],
  },
  "GET /v1/admin/accounts/{account}/usage": {
    ...admin,
    summary: "Reads what an account used",
    query: usageQuery,
    answers: { 200: { what: "Sums.", schema: z.object({ group_by: z.string(), usage: z.array(usageSum) }) } },
    refusals: [404, 503],
  },
  "POST /v1/admin/accounts/{account}/keys": {
    ...admin,
    summary: "Makes a key; with the right `operate` it may make versions and rollouts",
    body: keyCreation,
    answers: { 201: { what: "The key, shown once.", schema: key } },
    refusals: [404, 409, 503],
  },
  "GET /v1/admin/accounts/{account}/keys": {
    ...admin,
    summary: "Lists keys",
    answers: { 200: { what: "Keys without their secrets.", schema: z.object({ keys: z.array(key) }) } },
    refusals: [404, 503],
  },
  "DELETE /v1/admin/accounts/{account}/keys/{key}": {
    ...admin,
    summary: "Revokes a key",
    answers: { 204: { what: "It is refused everywhere within 30 s." } },
    refusals: [404, 503],
  },
});
