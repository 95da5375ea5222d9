/** The session's HTTP API as the clients of a soak use it. Keeps what should not have come; asks nothing twice by itself. */
import type { SessionLog } from "../session-log.ts";

/** An answer that came whole; `undefined` when the server died under it or failed. */
export interface Answer {
  status: number;
  text: string;
}

export class Api {
  readonly url: string;
  readonly #log: SessionLog;
  /** Answers that should have come from a live server and did not; only counted. */
  serverErrors = 0;

  /** `url`: of the session. */
  constructor(url: string, log: SessionLog) {
    this.url = url;
    this.#log = log;
  }

  async ask(path: string, init: RequestInit & { headers?: Record<string, string> } = {}): Promise<Answer | undefined> {
    const headers = { authorization: "Bearer soak-key", "content-type": "application/json", ...init.headers };
    try {
      const response = await fetch(`${this.url}${path}`, { ...init, headers });
      const text = await response.text();
      if (response.status < 500) return { status: response.status, text };
      this.serverErrors++;
    } catch {
      // Killed in the middle: asked again by whoever needs it.
    }
    return undefined;
  }

  /** The answer's JSON. A refusal is kept: none is due. */
  async json(path: string, init: RequestInit & { headers?: Record<string, string> } = {}): Promise<unknown> {
    const answer = await this.ask(path, init);
    if (answer === undefined) return undefined;
    if (answer.status < 300) return JSON.parse(answer.text);
    this.#log.refusals.push(`${init.method ?? "GET"} ${path}: ${answer.status} ${answer.text}`);
    return undefined;
  }
}
