/** Neither the constructor nor the alarm takes open work up. */
import { type AliveSession, SessionLifecycle as Lifecycle } from "../../../src/session/lifecycle.ts";

export * from "../../../src/session/lifecycle.ts";

export class SessionLifecycle extends Lifecycle {
  /** Called by the constructor, too. */
  override open(): AliveSession {
    const alive = super.open();
    alive.work.start = () => {};
    // What a caller begins works: it comes after the constructor has returned.
    queueMicrotask(() => Reflect.deleteProperty(alive.work, "start"));
    return alive;
  }

  override async alarm(): Promise<void> {}
}
