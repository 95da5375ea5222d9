/** The class of an app's sessions: Cloudflare makes its objects with a context and bindings alone, so the app is closed over. */
import type { App } from "../agent/app.ts";
import type { Bindings } from "../env.ts";
import { Session } from "./object.ts";

export type SessionClass = new (ctx: DurableObjectState, bindings: Bindings) => Session;

/** What the Worker's module exports as `Session`. */
export function sessionClass(app: App): SessionClass {
  return class extends Session {
    constructor(ctx: DurableObjectState, bindings: Bindings) {
      super(ctx, bindings, app);
    }
  };
}
