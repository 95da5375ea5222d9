/** Sees what tools send outside, and who sent it: which call, in which run of it, and whether its idempotency key was sent, too. Does not judge the result. */
import type { Tool, ToolContext } from "../tools/tool.ts";
import { type CrashPoints, InstanceLost } from "./crash-points.ts";

/** A request that may change something. */
export interface SeenEffect {
  tool: string;
  /** Id of the call; `undefined`: no tool was running, so nothing is recorded of it. */
  call: string | undefined;
  /** Which run of the call, over all of its instances. */
  run: number;
  /** Method, address and body, without the key. */
  what: string;
  hasKey: boolean;
}

/** POST and PATCH: of the other methods a second one does nothing more (RFC 9110, 9.2.2). */
const changing = /^(?:POST|PATCH)$/;

interface RunningCall {
  tool: string;
  call: string;
  run: number;
  key: string;
}

export class Watch {
  readonly effects: SeenEffect[] = [];
  /** Of the instance that runs now. */
  points: CrashPoints;
  readonly #outside: typeof fetch;
  readonly #running = new Set<RunningCall>();
  #runs = 0;
  /** The tool whose schema or approval is looked at just now. */
  #checked: string | undefined;

  constructor(outside: typeof fetch, points: CrashPoints) {
    this.#outside = outside;
    this.points = points;
  }

  around(tool: Tool): Tool {
    const { name } = tool.declaration;
    return {
      ...tool,
      parse: (written) => this.#checking(name, () => tool.parse(written)),
      needsApproval: (written) => this.#checking(name, () => tool.needsApproval(written)),
      run: (input, context) => this.#run(tool, input, context),
    };
  }

  /** What does not go by the context's `fetch` is seen, too. Returns how to leave off. */
  watchGlobal(): () => void {
    const before = globalThis.fetch;
    globalThis.fetch = (input, init) => {
      const isTool = this.#running.size > 0 || this.#checked !== undefined;
      return isTool ? this.#send([...this.#running].at(-1), new Request(input, init)) : before(input, init);
    };
    return () => {
      globalThis.fetch = before;
    };
  }

  #checking<T>(name: string, check: () => T): T {
    this.#checked = name;
    try {
      return check();
    } finally {
      this.#checked = undefined;
    }
  }

  async #run(tool: Tool, input: unknown, context: ToolContext): Promise<unknown> {
    const running = {
      tool: tool.declaration.name,
      call: `${context.turn} ${context.callId}`,
      run: ++this.#runs,
      key: context.idempotencyKey,
    };
    this.#running.add(running);
    try {
      const send: typeof fetch = (input, init) => this.#send(running, new Request(input, init));
      return await tool.run(input, { ...context, fetch: send });
    } finally {
      this.#running.delete(running);
    }
  }

  async #send(by: RunningCall | undefined, request: Request): Promise<Response> {
    const tool = by?.tool ?? this.#checked ?? "an unknown tool";
    const { method } = request;
    // Before anything is waited for: the check that sent it is over then.
    const name = `${tool}: after ${method} ${request.url}`;
    if (changing.test(method)) {
      // An instance that is lost sends nothing more.
      if (this.points.isLost) throw new InstanceLost();
      this.effects.push(await seen(request.clone(), { by, tool }));
    }
    const answer = await this.#outside(request);
    if (by !== undefined) this.points.pass(name);
    return answer;
  }
}

async function seen(
  request: Request,
  { by, tool }: { by: RunningCall | undefined; tool: string },
): Promise<SeenEffect> {
  const body = await request.text();
  const whole = `${request.method} ${request.url} ${body}`;
  const key = by?.key;
  const isKey = (text: string) => key !== undefined && text.split(/[^\w./:-]+/).includes(key);
  const hasKey = isKey(whole) || [...request.headers.values()].some((value) => isKey(value));
  const what = `${request.method} ${request.url}${body === "" ? "" : ` (${body.slice(0, 80)})`}`;
  return { tool, call: by?.call, run: by?.run ?? 0, what, hasKey };
}
