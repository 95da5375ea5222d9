/** The sections of `npm run bench` that every way of sending takes part in. */
import {
  charged,
  interleaved,
  median,
  newSession,
  plain,
  type Row,
  rowsOf,
  type Section,
  sent,
  turnsInARound,
  type World,
  warmTurns,
} from "./measure.ts";
import { type Plan, planText } from "./plan.ts";
import { account, history, historyEvicted, resume, search } from "./session-sections.ts";
import type { Way } from "./ways.ts";

const latency: Section = async (world) => {
  const first = await interleaved(world, world.ways, async (way) => {
    const all: number[] = [];
    const { cpuMs } = await charged(way.subject, async () => {
      for (let n = 0; n < turnsInARound; n++)
        all.push(...(await sent(world, { shots: [way.shot(newSession(), plain)] })).firstMs);
      return {};
    });
    return { "first token, ms": median(all), "CPU a turn, ms": cpuMs / turnsInARound };
  });
  const warm = await interleaved(world, withSessions(world), (way) => warmTurns(world, way, newSession()));
  return [...rowsOf("first turn of a session", first), ...rowsOf("turn of a warm session", warm)];
};

const withSessions = ({ ways }: World): Way[] => ways.filter(({ hasSessions }) => hasSessions);

const relay: Section = async (world) => {
  const rows: Row[] = [];
  for (const perWrite of [1, 8]) {
    for (const streams of [1, 10, 50]) {
      const plan = { ...plain, tokens: streams === 1 ? 2_000 : 400, perWrite };
      const found = await interleaved(world, world.ways, async (way) => {
        const shots = Array.from({ length: streams }, () => way.shot(newSession(), plan));
        const { wholeMs, cpuMs } = await charged(way.subject, () => sent(world, { shots }));
        const tokens = plan.tokens * streams;
        return { "tokens/s": (tokens * 1000) / wholeMs, "CPU of 1,000 tokens, ms": (cpuMs * 1000) / tokens };
      });
      rows.push(...rowsOf(`relay, ${streams} streams, ${perWrite} events a write`, found));
    }
  }
  return rows;
};

/** 200 streams of 20 ms would be more than one core can do for any subject but the pipe: their tokens come every 100 ms. */
const paces = [
  { streams: 20, gapMs: 20 },
  { streams: 50, gapMs: 20 },
  { streams: 200, gapMs: 100 },
];

const paced: Section = async (world) => {
  const rows: Row[] = [];
  for (const { streams, gapMs } of paces) {
    const plan: Plan = { ...plain, tokens: 2_000 / gapMs, gapMs };
    const found = await interleaved(world, world.ways, async (way) => {
      const shots = Array.from({ length: streams }, () => way.shot(newSession(), plan));
      const { lagsMs, cpuMs } = await charged(way.subject, () => sent(world, { shots, timed: true }));
      const tokens = plan.tokens * streams;
      const lags = lagsMs.toSorted((a, b) => a - b);
      return {
        "lag p50, ms": median(lags),
        "lag p99, ms": lags[Math.floor(lags.length * 0.99)] ?? Number.NaN,
        "CPU of 1,000 tokens, ms": (cpuMs * 1000) / tokens,
      };
    });
    rows.push(...rowsOf(`paced, ${streams} streams, a token every ${gapMs} ms`, found));
  }
  return rows;
};

/** Each round in a process of its own: memory that an earlier round has left behind would hide what streams need. */
const memory: Section = async (world) => {
  const streams = 200;
  const plan: Plan = { ...plain, tokens: 20, gapMs: 100 };
  const found = await interleaved(world, world.ways, async (way) => {
    await way.subject.stop();
    await way.subject.start();
    await sent(world, { shots: Array.from({ length: 5 }, () => way.shot(newSession(), plain)) });
    const idleKb = await way.subject.memoryKb();
    let mostKb = idleKb;
    let isOver = false;
    const sample = async () => {
      while (!isOver) {
        mostKb = Math.max(mostKb, await way.subject.memoryKb());
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    };
    const shots = Array.from({ length: streams }, () => way.shot(newSession(), plan));
    await Promise.all([sample(), sent(world, { shots, timed: true }).finally(() => (isOver = true))]);
    return { "KB for each live stream": (mostKb - idleKb) / streams, "MB of the idle process": idleKb / 1024 };
  });
  return rowsOf(`memory, ${streams} streams of new sessions`, found);
};

const tools: Section = async (world) => {
  const rows: Row[] = [];
  for (const steps of [1, 5, 20]) {
    const found = await interleaved(world, withSessions(world), async (way) => {
      const session = newSession();
      await sent(world, { shots: [way.shot(session, plain)] });
      const turns = steps > 5 ? 5 : turnsInARound;
      const all: number[] = [];
      const { cpuMs } = await charged(way.subject, async () => {
        for (let n = 0; n < turns; n++)
          all.push((await sent(world, { shots: [way.shot(session, { ...plain, tools: steps })] })).wholeMs);
        return {};
      });
      return { "whole turn, ms": median(all), "CPU a turn, ms": cpuMs / turns };
    });
    rows.push(...rowsOf(`tool loop, ${steps} steps`, found));
  }
  return rows;
};

/** From the start of the process to the first token of its first answer. */
const start: Section = async (world) => {
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
};

/** The provider and the load client alone: neither may be the bottleneck. */
const direct: Section = async (world) => {
  const rows: Row[] = [];
  for (const [streams, perWrite] of [
    [1, 1],
    [10, 1],
    [50, 1],
    [50, 8],
  ] as const) {
    const plan = { ...plain, tokens: 2_000, perWrite };
    const body = JSON.stringify({ messages: [{ role: "user", content: planText(plan) }] });
    const shot = { url: `${world.upstream}/chat/completions`, headers: {}, body };
    const rates: number[] = [];
    const firsts: number[] = [];
    for (let n = 0; n < world.rounds; n++) {
      const { wholeMs, firstMs } = await sent(world, { shots: Array.from({ length: streams }, () => shot) });
      rates.push((plan.tokens * streams * 1000) / wholeMs);
      firsts.push(...firstMs);
    }
    const figures = { "tokens/s": median(rates), ...(streams === 1 && { "first token, ms": median(firsts) }) };
    rows.push(
      ...rowsOf(`provider and client alone, ${streams} streams, ${perWrite} events a write`, { direct: figures }),
    );
  }
  return rows;
};

export const sections: Record<string, Section> = {
  direct,
  latency,
  relay,
  paced,
  tools,
  history,
  evicted: historyEvicted,
  resume,
  search,
  account,
  memory,
  start,
};
