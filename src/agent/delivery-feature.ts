/** WHAT deliveries are to an app and its sessions: what channels, `callbacks()` and agents that call others bring. An app without them carries none of the code; what its sessions owe from an earlier deployment stays in their rows. */
import type { Outlet } from "../channels/channel.ts";

/** How deliveries are made from one session. */
export interface DeliverySetup {
  /** The channel of that name, as it is configured now. */
  outletOf(name: string): Outlet | undefined;
  /** Why there is none, where there is none. */
  outletFault(name: string): string;
  /** Messages of these places belong to this session from now on. */
  lead(places: readonly string[]): Promise<void>;
  /** Reports a delivery to the account that was given up. */
  reportDead(id: string): Promise<void>;
  /** Keeps the object awake until the promise settles. */
  hold(work: Promise<void>): void;
  /** Called when the work must go on in a new invocation. */
  nextInvocation?(): void;
  /** Called whenever a delivery has come to a rest: the alarm may have to be set anew. */
  onIdle(): void;
}

/** The deliveries of one session. */
export interface SessionDeliveries {
  /** Looks after everything that is due. Returns at once. */
  resume(): void;
  /** What was seen of channels. Times in ms since 1970. */
  readonly channels: { channel: string; deliveredAtMs?: number; failedAtMs?: number; error?: string }[];
  /** An alarm: the limits are counted anew. */
  beganInvocation(): void;
  /** When the next looks are due, in ms since 1970. */
  dueMs(nowMs: number): number[];
}

export interface DeliveryFeature {
  /** `source`: the parts of an open session (`session/open-session`). */
  session(source: { storage: DurableObjectStorage }, setup: DeliverySetup): SessionDeliveries;
}

/** Answers to a URL that the sender of a message names. */
export interface CallbackFeature {
  /** Why the URL must not be called; `undefined` when it may. `isDev`: on a developer's machine loopback may be, too. */
  fault(url: string, isDev: boolean): string | undefined;
  /** `secret`: `whsec_…`, which signs what is sent. */
  outlet(setup: { secret(): Promise<string>; isDev: boolean }): Outlet;
}
