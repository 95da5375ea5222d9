/** The moments of a run that can be seen from outside the Worker. Whoever waits for one acts within the same tick. */

export const points = [
  "upstream.request",
  "upstream.middle",
  "upstream.end",
  "tool.began",
  "tool.answered",
  "client.sent",
  "client.acked",
  "approval.sent",
  "approval.answered",
] as const;

export type Point = (typeof points)[number];

export class Points {
  #awaited: { point: Point; left: number; act: () => void } | undefined;

  /** It has just come to this. */
  hit(point: Point): void {
    const awaited = this.#awaited;
    if (awaited?.point !== point) return;
    awaited.left--;
    if (awaited.left > 0) return;
    this.#awaited = undefined;
    awaited.act();
  }

  /** Calls `act` at the `nth` hit from now; at most one wait at a time. The returned function gives it up. */
  await(point: Point, nth: number, act: () => void): () => void {
    const mine = { point, left: nth, act };
    this.#awaited = mine;
    return () => {
      if (this.#awaited === mine) this.#awaited = undefined;
    };
  }
}
