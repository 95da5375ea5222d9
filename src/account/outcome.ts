/** Carries refusals over RPC as data: a thrown error would lose its code on the way and be logged as a fault of ours. */
import { defined } from "../core/defined.ts";
import { AppError, type AppErrorCode } from "../core/errors.ts";

export type Outcome<T> =
  | { ok: true; value: T }
  | { ok: false; code: AppErrorCode; detail: string; field?: string; retryAfterSeconds?: number };

/** Runs `work`; an AppError becomes a refusal, anything else stays a throw. */
export async function outcome<T>(work: () => T | Promise<T>): Promise<Outcome<T>> {
  try {
    return { ok: true, value: await work() };
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    const { code, message, field, retryAfterSeconds } = error;
    return {
      ok: false,
      code,
      detail: message,
      ...defined({ field, retryAfterSeconds }),
    };
  }
}

/** The value, or the refusal thrown again on the caller's side. */
export function unwrap<T>(result: Outcome<T>): T {
  if (result.ok) return result.value;
  throw refusalOf(result);
}

/** The AppError that a refusal was before it travelled. */
export function refusalOf({ code, detail, field, retryAfterSeconds }: Outcome<never> & { ok: false }): AppError {
  return new AppError(code, detail, {
    ...defined({ field, retryAfterSeconds }),
  });
}
