/** The replacement of `cloudflare:workers` where there is no Worker: a test in Node may import a file that defines an app, and never runs it. */

/** Takes what the runtime would pass, and does nothing. */
export class DurableObject {
  readonly ctx: unknown;
  readonly env: unknown;

  constructor(ctx: unknown, env: unknown) {
    this.ctx = ctx;
    this.env = env;
  }
}

/** No bindings: settings have their defaults. */
export const env: Readonly<Record<string, unknown>> = {};
