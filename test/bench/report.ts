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

${tables.join("\n\n")}
`;
}
