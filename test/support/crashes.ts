/** Crashes of a session's object at chosen points of a turn. */
import { abortAllDurableObjects } from "cloudflare:test";
import { vi } from "vitest";
import { unwrap } from "../../src/account/outcome.ts";
import { SessionWork } from "../../src/session/session-work.ts";
import { Checkpoint } from "../../src/session/store/checkpoint.ts";
import type { SessionWorld } from "./session-world.ts";

/** Has each piece of an answer saved when it arrives, and not once a second, so that a crash leaves what has arrived. Until mocks are restored. */
export function saveEachPiece(): void {
  const { save } = Checkpoint.prototype;
  let laterMs = 0;
  vi.spyOn(Checkpoint.prototype, "save").mockImplementation(function (this: Checkpoint, draft, atMs) {
    laterMs += 1_000;
    save.call(this, draft, atMs + laterMs);
  });
}

/** The object ends after it has recorded that the turn is to be cancelled, and before it does it. */
export async function crashWhileCancelling(world: SessionWorld, turn: string): Promise<void> {
  const abort = vi.spyOn(SessionWork.prototype, "abort").mockImplementation(() => {});
  unwrap(await world.stub.cancel(turn));
  await abortAllDurableObjects();
  abort.mockRestore();
}
