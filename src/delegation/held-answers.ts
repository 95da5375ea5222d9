/** Answers of children that the agent's `after` hook is to see before they are written. They are kept by this instance alone: the child's delivery waits for it, and comes again where the instance is lost. */
import type { ChildReport } from "../agent/delegation-feature.ts";

export type ChildEnd = NonNullable<ChildReport["ended"]>;

interface Held {
  ended: ChildEnd;
  taken: PromiseWithResolvers<void>;
}

export class HeldAnswers {
  readonly #held = new Map<string, Held>();

  /** Of the child of that name. */
  of(child: string): ChildEnd | undefined {
    return this.#held.get(child)?.ended;
  }

  /** Resolves once the answer is written. One that comes again waits for the first. */
  keep(child: string, ended: ChildEnd): Promise<void> {
    const held = this.#held.get(child) ?? { ended, taken: Promise.withResolvers<void>() };
    this.#held.set(child, held);
    return held.taken.promise;
  }

  /** Lets go of those of which nothing is open any more. */
  release(isOver: (child: string) => boolean): void {
    for (const [child, { taken }] of this.#held) {
      if (!isOver(child)) continue;
      this.#held.delete(child);
      taken.resolve();
    }
  }
}
