/** Kills the server at random moments and at moments that are seen from outside, takes away what was not safe, and starts it again at once. */
import { Chance, pause } from "./chance.ts";
import type { Commits } from "./commits.ts";
import { type Point, type Points, points } from "./points.ts";
import type { Workerd } from "./workerd.ts";

/** How long a point is waited for before the kill comes all the same. */
const patienceMs = 1_500;

interface KillerSetup {
  workerd: Workerd;
  commits: Commits;
  points: Points;
  /** The points that there are; all when absent. */
  at?: readonly [Point, ...Point[]];
}

export class Killer {
  readonly #of: KillerSetup;
  readonly #chance: Chance;
  /** How many kills came at which point; `random` without one, `late` when a point did not come. */
  readonly kills: Record<string, number> = {};
  readonly restartsMs: number[] = [];

  constructor(seed: number, of: KillerSetup) {
    this.#of = of;
    this.#chance = new Chance(seed, "killer");
  }

  /** One kill and the restart. */
  async strike(): Promise<void> {
    const { workerd, commits, at = points } = this.#of;
    const point = this.#chance.happens(0.3) ? undefined : this.#chance.pick(at);
    const nth = this.#chance.whole(1, 3);
    const laterMs = this.#chance.happens(0.6) ? 0 : this.#chance.whole(1, 20);
    const randomMs = this.#chance.whole(10, 500);
    let dying: Promise<void> | undefined;
    const kill = () => {
      dying = workerd.kill();
      commits.killed();
    };
    const how = await this.#moment({ point, nth, randomMs }, laterMs === 0 ? kill : () => {});
    if (laterMs > 0) await pause(laterMs);
    if (dying === undefined) kill();
    await dying;
    this.kills[how] = (this.kills[how] ?? 0) + 1;
    await commits.cutBack(workerd.data);
    const beganMs = performance.now();
    await workerd.start();
    this.restartsMs.push(performance.now() - beganMs);
  }

  /** Waits for the moment, acts in the same tick, and tells what it was. */
  #moment(of: { point: Point | undefined; nth: number; randomMs: number }, act: () => void): Promise<string> {
    return new Promise((resolve) => {
      const now = (how: string) => {
        act();
        resolve(how);
      };
      const { point, nth, randomMs } = of;
      if (point === undefined) return void setTimeout(() => now("random"), randomMs);
      const giveUp = this.#of.points.await(point, nth, () => {
        clearTimeout(timer);
        now(point);
      });
      const timer = setTimeout(() => {
        giveUp();
        now("late");
      }, patienceMs);
    });
  }
}
