/** Which refusals pass by themselves, and calls that wait for that. */
import { ApiError } from "./api.ts";

/** The server was not reached, had too many requests, or a server in between answered for it. */
export function isPassing({ status, code }: ApiError): boolean {
  return status === 0 || status === 429 || (status >= 500 && code !== "not_configured");
}

/** Tries again until it works, is refused for good, or `signal` is aborted. `waits` is called before each pause. */
export async function patiently<T>(
  work: () => Promise<T>,
  { signal, waits }: { signal: AbortSignal; waits(error: ApiError): void },
): Promise<T> {
  for (let pauseMs = 500; ; pauseMs = Math.min(pauseMs * 2, 5_000)) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof ApiError) || !isPassing(error) || signal.aborted) throw error;
      waits(error);
      await pause(pauseMs, signal);
    }
  }
}

/** Waits; less when `signal` is aborted. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener("abort", () => resolve(clearTimeout(timer)), { once: true });
  });
}
