/** What the Worker refused, as an error of the client. */

export class LonglineError extends Error {
  readonly status: number;
  /** Such as `not_found`; `unknown` where the answer was not the Worker's. */
  readonly code: string;
  /** The field of the request that is wrong, where one is. */
  readonly field: string | undefined;
  /** After how many seconds it may be tried again, where the Worker sent that. */
  readonly retryAfterSeconds: number | undefined;

  constructor(problem: { status: number; code?: string; detail?: string; field?: string; retryAfterSeconds?: number }) {
    super(problem.detail ?? `The server answered ${problem.status}.`);
    this.name = "LonglineError";
    this.status = problem.status;
    this.code = problem.code ?? "unknown";
    this.field = problem.field;
    this.retryAfterSeconds = problem.retryAfterSeconds;
  }

  /** Reads the answer's body. */
  static async of(answer: Response): Promise<LonglineError> {
    const { status } = answer;
    const retryAfter = Number(answer.headers.get("Retry-After"));
    const wait = Number.isFinite(retryAfter) && retryAfter > 0 ? { retryAfterSeconds: retryAfter } : {};
    const body: unknown = await answer.json().catch(() => ({}));
    return new LonglineError({ ...(typeof body === "object" ? body : {}), ...wait, status });
  }
}
