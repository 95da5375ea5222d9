/** How the bench measures: every round sends the same to all ways in turns, so that what disturbs the machine disturbs all of them; the figure of each way is the median of its rounds. */
import type { Measured, Run } from "./load.ts";
import type { Plan } from "./plan.ts";
import type { Subject } from "./subject.ts";
import type { Way } from "./ways.ts";

export interface World {
  ways: Way[];
  rounds: number;
  send(run: Run): Promise<Measured>;
  /** Where the fake provider is. */
  upstream: string;
}

export interface Row {
  section: string;
  measure: string;
  /** Whether more is better. */
  isRate: boolean;
  /** By the name of the way; the provider alone, without anything in front of it, is `direct`. */
  values: Record<string, number>;
}

export type Section = (world: World) => Promise<Row[]>;
export type Figures = Record<string, number>;
/** One round's figures of one way. */
export type Round = (way: Way) => Promise<Figures>;

/** An answer of 20 tokens as fast as they are read. */
export const plain: Plan = { tokens: 20, perWrite: 1, gapMs: 0, tools: 0 };
/** Turns of which one round takes the median. */
export const turnsInARound = 20;

let sessions = 0;
export const newSession = (): string => `bench-${Date.now()}-${++sessions}`;

export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

/** All ways in turns, from another one in each round; one round more than is counted. */
export async function interleaved(world: World, ways: readonly Way[], round: Round): Promise<Record<string, Figures>> {
  const seen: Record<string, Figures[]> = {};
  const fallen = new Set<string>();
  // A subject that gives no whole answer, as peers do under many streams, has no figure: the others keep theirs.
  const out = (way: Way, error: unknown): undefined => {
    process.exitCode = 1;
    console.error(`${way.name} takes no further part in this measure:`, error);
    fallen.add(way.name);
    delete seen[way.name];
  };
  for (let n = 0; n <= world.rounds; n++) {
    for (const [place] of ways.entries()) {
      const way = ways[(place + n) % ways.length];
      if (way === undefined || fallen.has(way.name)) continue;
      const figures = await round(way).catch((error: unknown) => out(way, error));
      if (n > 0 && figures !== undefined) seen[way.name] = [...(seen[way.name] ?? []), figures];
    }
  }
  return Object.fromEntries(Object.entries(seen).map(([name, all]) => [name, medians(all)]));
}

function medians(all: readonly Figures[]): Figures {
  const names = Object.keys(all[0] ?? {});
  return Object.fromEntries(names.map((name) => [name, median(all.map((figures) => figures[name] ?? 0))]));
}

/** A measure that ends with `/s` is a rate: more is better. */
export function rowsOf(section: string, found: Record<string, Figures>): Row[] {
  const measures = [...new Set(Object.values(found).flatMap((figures) => Object.keys(figures)))];
  return measures.map((measure) => {
    const values = Object.entries(found).flatMap(([name, { [measure]: value }]) =>
      value === undefined ? [] : [[name, value] as const],
    );
    return { section, measure, isRate: measure.endsWith("/s"), values: Object.fromEntries(values) };
  });
}

/** Sends, and fails loudly when an answer did not come to its end. */
export async function sent(world: World, run: Run): Promise<Measured> {
  const measured = await world.send(run);
  if (measured.faults.length > 0) throw new Error(`An answer is not whole: ${measured.faults[0]}`);
  return measured;
}

/** What the subject's process uses of the CPU for some work, in ms. */
export async function charged<T>(subject: Subject, work: () => Promise<T>): Promise<T & { cpuMs: number }> {
  const before = await subject.cpuMs();
  const measured = await work();
  return { ...measured, cpuMs: (await subject.cpuMs()) - before };
}

/** Turns of one session, one after the other, after one that is not counted. */
export async function warmTurns(world: World, way: Way, session: string): Promise<Figures> {
  await sent(world, { shots: [way.shot(session, plain)] });
  const all: number[] = [];
  const { cpuMs } = await charged(way.subject, async () => {
    for (let n = 0; n < turnsInARound; n++)
      all.push(...(await sent(world, { shots: [way.shot(session, plain)] })).firstMs);
    return {};
  });
  return { "first token, ms": median(all), "CPU a turn, ms": cpuMs / turnsInARound };
}
