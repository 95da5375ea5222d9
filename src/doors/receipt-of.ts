/** What distinguishes a message that is sent again from a new one. */
import { sha256Hex } from "../core/digest.ts";
import { AppError } from "../core/errors.ts";
import type { Receipt } from "../session/store/inbox.ts";
import type { Caller } from "./caller.ts";

/** The sender's `Idempotency-Key`, bare or quoted as the IETF draft writes it, and a digest of the body it came with. */
export async function receiptOf(caller: Caller, body: unknown): Promise<Receipt> {
  const header = caller.request.headers.get("Idempotency-Key") ?? undefined;
  if (header === undefined) return retryOf(caller, body);
  const key = header.replace(/^"(.*)"$/, "$1");
  if (key === "" || key.length > 255) {
    throw new AppError("invalid_request", "Idempotency-Key must have 1 to 255 characters.", {
      field: "Idempotency-Key",
    });
  }
  return { key, bodyHash: await sha256Hex(JSON.stringify(body)) };
}

/** OpenAI's clients send no key, and say by a header of their generator's how often they have sent a request before. */
async function retryOf(caller: Caller, body: unknown): Promise<Receipt> {
  const count = caller.request.headers.get("X-Stainless-Retry-Count") ?? undefined;
  if (count === undefined) return {};
  return { bodyHash: await sha256Hex(JSON.stringify(body)), isRetry: Number(count) > 0 };
}

/** A new session's name. The same for the same Idempotency-Key, so that a conversation that is sent again finds the session it has made. */
export async function newName({ key }: Receipt, from: string): Promise<string> {
  return key === undefined ? crypto.randomUUID() : `k-${(await sha256Hex(`${from} ${key}`)).slice(0, 40)}`;
}
