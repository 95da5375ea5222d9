/** Seeded decisions. Every actor draws from a stream of its own, so that the timing of one does not reshuffle the others. */
import { randomOf } from "../../support/random.ts";

export class Chance {
  readonly #random: () => number;

  /** The stream that belongs to `actor` in the run of `seed`. */
  constructor(seed: number, actor: string) {
    let hash = 0x811c9dc5 ^ seed;
    for (let i = 0; i < actor.length; i++) hash = Math.imul(hash ^ actor.charCodeAt(i), 0x01000193);
    this.#random = randomOf(hash >>> 0);
  }

  /** From 0 up to 1. */
  next(): number {
    return this.#random();
  }

  happens(probability: number): boolean {
    return this.next() < probability;
  }

  /** A whole number, both ends included. */
  whole(least: number, most: number): number {
    return least + Math.floor(this.next() * (most - least + 1));
  }

  pick<T>(list: readonly [T, ...T[]]): T {
    return list[Math.floor(this.next() * list.length)] ?? list[0];
  }
}

/** Waits; used for every pause of the harness. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
