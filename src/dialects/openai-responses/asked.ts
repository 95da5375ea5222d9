/** What a response was asked for with, as its session kept it. */
import type { TurnOptions } from "../../core/entry.ts";

export interface Asked {
  options: TurnOptions;
  metadata: Record<string, string>;
  /** When it was accepted, in ms since 1970. */
  atMs: number;
  /** Its turn waits behind another one. */
  isQueued: boolean;
  /** It is to end before it is done. */
  isStopped: boolean;
  /** Of its session: part of the names of approval requests. */
  birth?: string | null;
}
