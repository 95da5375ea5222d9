/** The sections of `npm run bench` about what lasts: long sessions, readers that come back, search, and what one account's object bears. */
import {
  charged,
  type Figures,
  interleaved,
  median,
  newSession,
  plain,
  type Row,
  rowsOf,
  type Section,
  sent,
  type World,
  warmTurns,
} from "./measure.ts";
import type { Resumed, Way } from "./ways.ts";

/** Each way that can have so many messages before a turn, with a session that has them. */
async function seeded(world: World, messages: number): Promise<{ ways: Way[]; session(way: Way): string }> {
  const ways = world.ways.filter(({ seed }) => seed !== undefined);
  const sessions = new Map<string, string>();
  for (const way of ways) {
    const session = newSession();
    await way.seed?.(session, messages);
    sessions.set(way.name, session);
  }
  return { ways, session: ({ name }) => sessions.get(name) ?? "" };
}

export const history: Section = async (world) => {
  const rows: Row[] = [];
  for (const messages of [10, 100, 1_000, 10_000]) {
    const { ways, session } = await seeded(world, messages);
    const found = await interleaved(world, ways, (way) => warmTurns(world, way, session(way)));
    rows.push(...rowsOf(`after ${messages.toLocaleString("en")} messages, warm`, found));
  }
  return rows;
};

/**
 * The first turn of an object that is not in memory. The process is started again and answers for another session first: so the Worker's
 * code is evaluated and its functions have run, as in a data center where an idle object was evicted and its isolate was not.
 */
export const historyEvicted: Section = async (world) => {
  const rows: Row[] = [];
  for (const messages of [10, 100, 1_000, 10_000]) {
    const { ways, session } = await seeded(world, messages);
    const lasting = ways.filter(({ hasSessions }) => hasSessions);
    const found = await interleaved(world, lasting, async (way) => {
      await way.subject.stop();
      await way.subject.start();
      const other = newSession();
      for (let n = 0; n < 10; n++) await sent(world, { shots: [way.shot(other, plain)] });
      const { firstMs, cpuMs } = await charged(way.subject, () =>
        sent(world, { shots: [way.shot(session(way), plain)] }),
      );
      return { "first token, ms": firstMs[0] ?? 0, "CPU, ms": cpuMs };
    });
    rows.push(...rowsOf(`after ${messages.toLocaleString("en")} messages, evicted`, found));
  }
  return rows;
};

/** Readers that come to a reply which has 100,000 characters and goes on: one that saw all of them, and one that saw none. */
export const resume: Section = async (world) => {
  const ways = world.ways.filter(({ resume }) => resume !== undefined);
  const characters = 100_000;
  const plan = { ...plain, tokens: characters / " word".length, perWrite: 50, lingersMs: 60_000 };
  const found = await interleaved(world, ways, async (way) => {
    const begun = await way.resume?.begin(newSession(), plan, characters);
    if (begun === undefined) throw new Error(`${way.name} cannot resume`);
    const figures = await resumedFigures(way, begun);
    await begun.end();
    return figures;
  });
  return rowsOf(`resume at ${characters.toLocaleString("en")} characters`, found);
};

async function resumedFigures({ subject }: Way, { fromEnd, fromStart }: Resumed): Promise<Figures> {
  const ends: number[] = [];
  for (let n = 0; n < 5; n++) ends.push(await timed(fromEnd));
  const { ms, cpuMs } = await charged(subject, async () => ({ ms: await timed(fromStart) }));
  return {
    "next token for who saw all, ms": median(ends),
    "all of it for who saw none, ms": ms,
    "CPU of all of it, ms": cpuMs,
  };
}

async function timed(work: () => Promise<void>): Promise<number> {
  const began = performance.now();
  await work();
  return performance.now() - began;
}

export const search: Section = async (world) => {
  const { ways, session } = await seeded(world, 10_000);
  const found = await interleaved(
    world,
    ways.filter(({ search }) => search !== undefined),
    async (way) => {
      const all: number[] = [];
      const { cpuMs } = await charged(way.subject, async () => {
        for (let n = 0; n < 10; n++)
          all.push(await timed(async () => way.search?.(session(way), `number ${4_000 + n}`)));
        return {};
      });
      return { "answer, ms": median(all), "CPU, ms": cpuMs / all.length };
    },
  );
  return rowsOf("search over 10,000 messages", found);
};

/** Both ends of the calls run on one core here; in a data center the account's object has a thread of its own. */
export const account: Section = async (world) => {
  const ways = world.ways.filter(({ loadAccount }) => loadAccount !== undefined);
  const rows: Row[] = [];
  for (const budget of [false, true]) {
    const found = await interleaved(world, ways, async (way) => {
      const turns = 500;
      const { ms, cpuMs } = await charged(way.subject, async () => ({
        ms: await timed(async () => way.loadAccount?.({ turns, atOnce: 50, budget })),
      }));
      return { "turns/s": (turns * 1000) / ms, "CPU of a turn's calls, ms": cpuMs / turns };
    });
    rows.push(...rowsOf(`account's object, ${budget ? "with" : "without"} a budget, 50 turns at once`, found));
  }
  return rows;
};
