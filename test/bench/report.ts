/** What the bench prints: one Markdown table with ratios to the sketch, and the text of `docs/bench.md`. */
import { cpus } from "node:os";
import type { Row } from "./measure.ts";

/** What a run of the bench must say about itself. */
export interface About {
  date: string;
  node: string;
  /** Load averages over 1, 5 and 15 minutes. */
  load: { before: number[]; after: number[] };
  rounds: number;
  /** Of each subject's built module. */
  bytes: Record<string, number>;
}

const figure = (value: number) => (value >= 1_000 ? Math.round(value).toLocaleString("en") : value.toPrecision(3));

export function table(rows: readonly Row[]): string {
  const names = [...new Set(rows.flatMap(({ values }) => Object.keys(values)))];
  const cells = rows.map(({ section, measure, values }) => {
    const { sketch } = values;
    const each = names.map((name) => {
      const value = values[name];
      if (value === undefined) return "-";
      const ratio = sketch === undefined || name === "sketch" ? "" : ` (${(value / sketch).toFixed(2)} x)`;
      return `${figure(value)}${ratio}`;
    });
    return `| ${section}: ${measure} | ${each.join(" | ")} |`;
  });
  return [`| | ${names.join(" | ")} |`, `|---|${names.map(() => "---").join("|")}|`, ...cells].join("\n");
}

/** What the README shows of a run: the rows that people choose by. The same words as in `sections.ts`. */
const chosen: readonly [section: string, measure: string, words: string][] = [
  ["turn of a warm session", "first token, ms", "first token of a warm session, ms"],
  ["first turn of a session", "first token, ms", "first token of a new session, ms"],
  ["relay, 10 streams, 1 events a write", "tokens/s", "10 streams, tokens a second (more is better)"],
  ["relay, 10 streams, 1 events a write", "CPU of 1,000 tokens, ms", "the same, CPU of 1,000 tokens, ms"],
  ["turn of a warm session", "CPU a turn, ms", "a turn of 20 tokens, CPU, ms"],
  ["tool loop, 5 steps", "whole turn, ms", "a turn with 5 tool calls, ms"],
  ["after 10,000 messages, warm", "first token, ms", "first token after 10,000 messages, ms"],
  ["after 10,000 messages, evicted", "first token, ms", "the same, of an object that was not in memory, ms"],
  ["memory, 200 streams of new sessions", "KB for each live stream", "a live stream, KB"],
  ["start of the process", "listening and first token, ms", "from the start of the process to its first token, ms"],
];

/** One table with ratios, of those of the chosen rows that were measured. */
export function summary(rows: readonly Row[]): string {
  const found = chosen.flatMap(([section, measure, words]) => {
    const row = rows.find((each) => each.section === section && each.measure === measure);
    return row === undefined ? [] : [{ ...row, measure: words }];
  });
  return table(found).replaceAll(/^\| [^|]*: (?=[^|]* \|)/gm, "| ");
}

/** A goal of the native door: a figure as a ratio to the sketch, or, with `isWhole`, as it is. */
interface Goal {
  words: string;
  is: "at most" | "at least";
  goal: number;
  isWhole?: true;
  section: string;
  measure: string;
  /** What is taken away from the measure, and by what the rest is divided: a step is what 15 more of them take. */
  less?: { section: string; by: number };
}

const firstToken = "first token, ms";
const cpu = "CPU of 1,000 tokens, ms";
const pacedStreams = "paced, 50 streams, a token every 20 ms";
const goals: readonly Goal[] = [
  {
    words: "first token of a warm session",
    is: "at most",
    goal: 1.4,
    section: "turn of a warm session",
    measure: firstToken,
  },
  {
    words: "first token of a new session",
    is: "at most",
    goal: 1.5,
    section: "first turn of a session",
    measure: firstToken,
  },
  ...[10, 50].map((streams) => {
    const section = `relay, ${streams} streams, 1 events a write`;
    return {
      words: `tokens a second of ${streams} streams`,
      is: "at least",
      goal: 0.8,
      section,
      measure: "tokens/s",
    } as const;
  }),
  {
    words: "CPU of a token, 10 streams",
    is: "at most",
    goal: 1.3,
    section: "relay, 10 streams, 1 events a write",
    measure: cpu,
  },
  { words: "CPU of a token, 50 streams with a pace", is: "at most", goal: 1.4, section: pacedStreams, measure: cpu },
  {
    words: "how late their tokens are, ms",
    is: "at most",
    goal: 1,
    isWhole: true,
    section: pacedStreams,
    measure: "lag p50, ms",
  },
  {
    ...{
      words: "a step with a tool",
      is: "at most",
      goal: 1.5,
      section: "tool loop, 20 steps",
      measure: "whole turn, ms",
    },
    less: { section: "tool loop, 5 steps", by: 15 },
  },
  {
    words: "first token after 10,000 messages",
    is: "at most",
    goal: 1.2,
    section: "after 10,000 messages, warm",
    measure: firstToken,
  },
  {
    words: "the same, evicted",
    is: "at most",
    goal: 1.5,
    section: "after 10,000 messages, evicted",
    measure: firstToken,
  },
  {
    ...{ words: "memory of a live stream", is: "at most", goal: 1.1, section: "memory, 200 streams of new sessions" },
    measure: "KB for each live stream",
  },
  {
    ...{ words: "start of the process to its first token, ms", is: "at most", goal: 70, isWhole: true },
    ...{ section: "start of the process", measure: "listening and first token, ms" },
  },
];

/** Of each goal that was measured, whether it is met. Nothing is rounded before it is compared. */
export function goalTable(rows: readonly Row[]): string {
  const lines = goals.flatMap(({ words, is, goal, isWhole, less, ...row }) => {
    const measured = (way: string) => {
      const valueIn = (section: string) =>
        rows.find((each) => each.section === section && each.measure === row.measure)?.values[way] ?? Number.NaN;
      return less === undefined ? valueIn(row.section) : (valueIn(row.section) - valueIn(less.section)) / less.by;
    };
    const value = isWhole ? measured("native") : measured("native") / measured("sketch");
    if (Number.isNaN(value)) return [];
    const isMet = is === "at most" ? value <= goal : value >= goal;
    return [
      `| ${words} | ${is} ${goal}${isWhole ? "" : " x"} | ${value.toPrecision(3)} | ${isMet ? "met" : "not met"} |`,
    ];
  });
  return ["| | goal | measured | |", "|---|---|---|---|", ...lines].join("\n");
}

/** One table for each section, so that a row has only the ways that take part in it. */
export function documentText({ date, node, load, rounds, bytes }: About, rows: readonly Row[]): string {
  const names = [...new Set(rows.map(({ section }) => section))];
  const tables = names.map((name) => {
    const own = rows.filter(({ section }) => section === name);
    return `### ${name[0]?.toUpperCase()}${name.slice(1)}\n\n${table(own.map((row) => ({ ...row, section: row.isRate ? "rate" : "cost" })))}`;
  });
  const processors = cpus();
  const sizes = Object.entries(bytes)
    .filter(([, size]) => size > 0)
    .map(([name, size]) => `${name} ${Math.round(size / 1024)} KB`);
  return `# Bench

Written by \`npm run bench\` on ${date}: ${processors.length} x ${processors[0]?.model.trim()}, Node ${node}, ${rounds} rounds, load of the machine
${load.before[0]?.toFixed(1)} before and ${load.after[0]?.toFixed(1)} after. In brackets: the ratio to the sketch. The figures of each way are medians of its rounds, and
every round sends the same to all ways in turns. A rate is better when it is higher, a cost when it is lower. A wall time says as much
about the machine as about the subject, so compare ratios within a row, and CPU times first.

Built modules: ${sizes.join(", ")}.

${summary(rows)}

## Goals

Of the native door, as ratios to the sketch; those in ms as they are. [speed.md](speed.md) tells what keeps the others from being met.

${goalTable(rows)}

## All figures

${tables.join("\n\n")}
`;
}
