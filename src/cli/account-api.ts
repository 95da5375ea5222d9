/** How `backup` and `restore` call a Worker for one account: by a key of it, or by a key that the ADMIN_KEY makes for the time of the command. */

import { LonglineError } from "../client/longline-error.ts";
import { defined } from "../core/defined.ts";
import { UsageError } from "./usage.ts";

const text = { type: "string" } as const;
export const accountOptions = {
  url: { ...text, default: "http://127.0.0.1:8787" },
  key: text,
  account: text,
  "admin-key": text,
  help: { type: "boolean", default: false },
} as const;

export const accountUsage = `  --url URL                the Worker; http://127.0.0.1:8787
  --key KEY                a key of the account; or LONGLINE_KEY
  --account ID             the account, with the ADMIN_KEY: a key is made for it, and revoked at the end
  --admin-key KEY          or LONGLINE_ADMIN_KEY
`;

interface AccountChoice {
  url: string;
  key?: string | undefined;
  account?: string | undefined;
  "admin-key"?: string | undefined;
}

/** `missing`, `known`: an answer 404, or 409, is returned; everything else that is refused is thrown as a `LonglineError`. */
interface ApiCall {
  accept?: string;
  body?: string | Blob;
  type?: string;
  /** The Idempotency-Key. */
  key?: string;
  missing?: boolean;
  known?: boolean;
}

export interface AccountApi {
  call(method: string, path: string, call?: ApiCall): Promise<Response>;
  /** Revokes the key that was made for it. */
  close(): Promise<void>;
}

export async function accountApi(given: AccountChoice): Promise<AccountApi> {
  const { account } = given;
  if (account === undefined) {
    const key = given.key ?? process.env.LONGLINE_KEY;
    if (key === undefined) throw new UsageError("Give a key of the account: --key KEY, or LONGLINE_KEY.");
    return { call: caller(given.url, key), close: async () => {} };
  }
  const adminKey = given["admin-key"] ?? process.env.LONGLINE_ADMIN_KEY;
  if (adminKey === undefined)
    throw new UsageError("--account needs the ADMIN_KEY of the Worker: --admin-key KEY, or LONGLINE_ADMIN_KEY.");
  const admin = caller(given.url, adminKey);
  const keys = `/v1/admin/accounts/${encodeURIComponent(account)}/keys`;
  const made = (await (await admin("POST", keys)).json()) as { id: string; key: string };
  const close = async () => void (await admin("DELETE", `${keys}/${made.id}`, { missing: true }));
  // Two keys of an account may be alive: one that a stopped command left would stand in the way.
  for (const signal of ["SIGINT", "SIGTERM"] as const)
    process.once(signal, () => void close().finally(() => process.exit(130)));
  return { call: caller(given.url, made.key), close };
}

/** Most tries of a call that is refused because there are too many, or that the Worker cannot answer now. */
const mostTries = 5;

function caller(base: string, key: string): AccountApi["call"] {
  return async (method, path, { accept, body, type, key: named, missing = false, known = false } = {}) => {
    const headers = {
      Authorization: `Bearer ${key}`,
      ...(accept && { Accept: accept }),
      ...(type && { "Content-Type": type }),
      ...(named && { "Idempotency-Key": named }),
    };
    for (let tries = 1; ; tries++) {
      const init = { method, headers, ...defined({ body }) };
      const answer = await fetch(`${base.replace(/\/+$/, "")}${path}`, init);
      if (answer.ok || (missing && answer.status === 404) || (known && answer.status === 409)) return answer;
      const waitSeconds = Number(answer.headers.get("Retry-After") ?? Number.NaN);
      if (tries >= mostTries || !(waitSeconds >= 0)) throw await LonglineError.of(answer);
      await answer.body?.cancel();
      await new Promise((resolve) => setTimeout(resolve, waitSeconds * 1000));
    }
  };
}
