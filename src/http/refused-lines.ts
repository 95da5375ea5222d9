/** The log lines of refused requests: one for each class of them at most each minute, with how many there were, so that no flood of requests floods the log. Holds no path, no header and nothing that a caller wrote. */
import { AppError } from "../core/errors.ts";

/** The fields of a line, in this order. `count`: of its class, since the line before it. */
export interface RefusedLine {
  level: "warn" | "error";
  event: "refused";
  status: number;
  /** `internal` where a fault of ours is the cause. */
  code: string;
  count: number;
}

const everyMs = 60_000;

export class RefusedLines {
  readonly #classes = new Map<string, { count: number; loggedMs: number }>();

  /** The line of a request that was answered with this status, where its class is due for one. `error`: what was thrown, if anything was. */
  lineOf(status: number, error: unknown, nowMs: number): RefusedLine | undefined {
    if (status < 400) return undefined;
    // Statuses and codes are few, whatever callers send.
    const code = error instanceof AppError ? error.code : status < 500 ? "refused" : "internal";
    const name = `${status} ${code}`;
    const known = this.#classes.get(name) ?? { count: 0, loggedMs: Number.NEGATIVE_INFINITY };
    const count = known.count + 1;
    if (nowMs - known.loggedMs < everyMs) {
      this.#classes.set(name, { ...known, count });
      return undefined;
    }
    this.#classes.set(name, { count: 0, loggedMs: nowMs });
    return { level: status < 500 ? "warn" : "error", event: "refused", status, code, count };
  }
}
