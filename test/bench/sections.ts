/** What the bench measures. Every section sends the same to all ways in turns, so that what disturbs the machine disturbs all of them; the figure of each is the median of the rounds. */
import type { Measured, Run } from "./load.ts";
import { type Plan, planText } from "./plan.ts";
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

type Figures = Record<string, number>;

let sessions = 0;
const newSession = () => `bench-${Date.now()}-${++sessions}`;
const plain: Plan = { tokens: 20, perWrite: 1, gapMs: 0, tools: 0 };

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

/** One round's figures of one way. */
type Round = (way: Way) => Promise<Figures>;

/** All ways in turns, from another one in each round; one round more than is counted. */
async function interleaved(world: World, ways: readonly Way[], round: Round): Promise<Record<string, Figures>> {
  const seen: Record<string, Figures[]> = {};
  for (let n = 0; n <= world.rounds; n++) {
    for (const [place] of ways.entries()) {
      const way = ways[(place + n) % ways.length];
      if (way === undefined) continue;
      const figures = await round(way);
      if (n > 0) seen[way.name] = [...(seen[way.name] ?? []), figures];
    }
  }
  return Object.fromEntries(Object.entries(seen).map(([name, all]) => [name, medians(all)]));
}

function medians(all: readonly Figures[]): Figures {
  const names = Object.keys(all[0] ?? {});
  return Object.fromEntries(names.map((name) => [name, median(all.map((figures) => figures[name] ?? 0))]));
}

function rowsOf(section: string, found: Record<string, Figures>, isRate = (_: string) => false): Row[] {
  const measures = [...new Set(Object.values(found).flatMap((figures) => Object.keys(figures)))];
  return measures.map((measure) => {
    const values = Object.entries(found).flatMap(([name, { [measure]: value }]) =>
      value === undefined ? [] : [[name, value] as const],
    );
    return { section, measure, isRate: isRate(measure), values: Object.fromEntries(values) };
  });
}

/** Sends, and fails loudly when an answer did not come to its end. */
async function sent(world: World, run: Run): Promise<Measured> {
  const measured = await world.send(run);
  if (measured.faults.length > 0) throw new Error(`An answer is not whole: ${measured.faults[0]}`);
  return measured;
}

/** The same, with what the subject's process used of the CPU for it. */
async function charged(world: World, way: Way, run: Run): Promise<Measured & { cpuMs: number }> {
  const before = await way.subject.cpuMs();
  const measured = await sent(world, run);
  return { ...measured, cpuMs: (await way.subject.cpuMs()) - before };
}

const turnsInARound = 20;

async function latency(world: World): Promise<Row[]> {
  const first = await interleaved(world, world.ways, async (way) => {
    const before = await way.subject.cpuMs();
    const all: number[] = [];
    for (let n = 0; n < turnsInARound; n++)
      all.push(...(await sent(world, { shots: [way.shot(newSession(), plain)] })).firstMs);
    return { "first token, ms": median(all), "CPU a turn, ms": ((await way.subject.cpuMs()) - before) / turnsInARound };
  });
  const warm = await interleaved(
    world,
    world.ways.filter(({ hasSessions }) => hasSessions),
    (way) => warmTurns(world, way, newSession()),
  );
  return [...rowsOf("first turn of a session", first), ...rowsOf("turn of a warm session", warm)];
}

async function warmTurns(world: World, way: Way, session: string): Promise<Figures> {
  await sent(world, { shots: [way.shot(session, plain)] });
  const before = await way.subject.cpuMs();
  const all: number[] = [];
  for (let n = 0; n < turnsInARound; n++)
    all.push(...(await sent(world, { shots: [way.shot(session, plain)] })).firstMs);
  return { "first token, ms": median(all), "CPU a turn, ms": ((await way.subject.cpuMs()) - before) / turnsInARound };
}

async function relay(world: World): Promise<Row[]> {
  const rows: Row[] = [];
  for (const perWrite of [1, 8]) {
    for (const streams of [1, 10, 50]) {
      const plan = { ...plain, tokens: streams === 1 ? 2_000 : 400, perWrite };
      const found = await interleaved(world, world.ways, async (way) => {
        const shots = Array.from({ length: streams }, () => way.shot(newSession(), plan));
        const { wholeMs, cpuMs } = await charged(world, way, { shots });
        const tokens = plan.tokens * streams;
        return { "tokens/s": (tokens * 1000) / wholeMs, "CPU of 1,000 tokens, ms": (cpuMs * 1000) / tokens };
      });
      const name = `relay, ${streams} streams, ${perWrite} events a write`;
      rows.push(...rowsOf(name, found, (measure) => measure === "tokens/s"));
    }
  }
  return rows;
}

async function paced(world: World): Promise<Row[]> {
  const rows: Row[] = [];
  for (const streams of [20, 50]) {
    const plan: Plan = { tokens: 100, perWrite: 1, gapMs: 20, tools: 0 };
    const found = await interleaved(world, world.ways, async (way) => {
      const shots = Array.from({ length: streams }, () => way.shot(newSession(), plan));
      const { lagsMs, cpuMs } = await charged(world, way, { shots, timed: true });
      const tokens = plan.tokens * streams;
      return { "lag p50, ms": median(lagsMs), "CPU of 1,000 tokens, ms": (cpuMs * 1000) / tokens };
    });
    rows.push(...rowsOf(`paced, ${streams} streams, a token every 20 ms`, found));
  }
  return rows;
}

async function tools(world: World): Promise<Row[]> {
  const ways = world.ways.filter(({ hasSessions }) => hasSessions);
  const rows: Row[] = [];
  for (const steps of [1, 5]) {
    const found = await interleaved(world, ways, async (way) => {
      const session = newSession();
      await sent(world, { shots: [way.shot(session, plain)] });
      const before = await way.subject.cpuMs();
      const all: number[] = [];
      for (let n = 0; n < turnsInARound; n++)
        all.push((await sent(world, { shots: [way.shot(session, { ...plain, tools: steps })] })).wholeMs);
      const cpuMs = ((await way.subject.cpuMs()) - before) / turnsInARound;
      return { "whole turn, ms": median(all), "CPU a turn, ms": cpuMs };
    });
    rows.push(...rowsOf(`tool loop, ${steps} steps`, found));
  }
  return rows;
}

async function history(world: World): Promise<Row[]> {
  const ways = world.ways.filter(({ seed }) => seed !== undefined);
  const rows: Row[] = [];
  for (const messages of [10, 1_000, 10_000]) {
    const seeded = new Map<string, string>();
    for (const way of ways) {
      const session = newSession();
      await way.seed?.(session, messages);
      seeded.set(way.name, session);
    }
    const found = await interleaved(world, ways, (way) => warmTurns(world, way, seeded.get(way.name) ?? ""));
    rows.push(...rowsOf(`behind ${messages.toLocaleString("en")} messages, warm`, found));
  }
  return rows;
}

/** From the start of the process to the first token of its first answer. */
async function start(world: World): Promise<Row[]> {
  const found = await interleaved(world, world.ways, async (way) => {
    await way.subject.stop();
    const began = performance.now();
    await way.subject.start();
    const { firstMs } = await sent(world, { shots: [way.shot(newSession(), plain)] });
    const wholeMs = performance.now() - began;
    return {
      "listening and first token, ms": wholeMs,
      "of it the request, ms": firstMs[0] ?? 0,
      "CPU, ms": await way.subject.cpuMs(),
    };
  });
  return rowsOf("start of the process", found);
}

/** The provider and the load client alone: neither may be the bottleneck. */
async function direct(world: World): Promise<Row[]> {
  const rows: Row[] = [];
  for (const streams of [1, 10, 50]) {
    const plan = { ...plain, tokens: 2_000 };
    const body = JSON.stringify({ messages: [{ role: "user", content: planText(plan) }] });
    const shots = Array.from({ length: streams }, () => ({
      url: `${world.upstream}/chat/completions`,
      headers: {},
      body,
    }));
    const all: Measured[] = [];
    for (let n = 0; n < world.rounds; n++) all.push(await sent(world, { shots }));
    const rates = all.map(({ wholeMs }) => (plan.tokens * streams * 1000) / wholeMs);
    rows.push({
      section: `relay, ${streams} streams`,
      measure: "tokens/s",
      isRate: true,
      values: { direct: median(rates) },
    });
  }
  return rows;
}

export const sections: Record<string, (world: World) => Promise<Row[]>> = {
  direct,
  latency,
  relay,
  paced,
  tools,
  history,
  start,
};
