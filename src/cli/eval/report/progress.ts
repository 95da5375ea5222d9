/** Shows how far an evaluation is: a table that is written over on a terminal, else a line at every tenth. Writes to the error stream, so that the result can be piped. */
import type { RunResult } from "../run/result.ts";
import { dollars } from "./words.ts";

/** Where it writes; `isTTY` false: lines alone. */
export interface ProgressStream {
  isTTY?: boolean;
  write(text: string): unknown;
}

export class EvalProgress {
  readonly #stream: ProgressStream;
  readonly #total: number;
  readonly #arms: readonly string[];
  readonly #results: RunResult[] = [];
  #lines = 0;
  #tenths = 0;

  constructor(stream: ProgressStream, arms: readonly string[], total: number) {
    this.#stream = stream;
    this.#arms = arms;
    this.#total = total;
  }

  add(result: RunResult): void {
    this.#results.push(result);
    if (this.#stream.isTTY) this.#draw();
    else this.#line();
  }

  #draw(): void {
    const done = this.#results.length;
    const filled = Math.round((30 * done) / Math.max(1, this.#total));
    const width = Math.max(...this.#arms.map((arm) => arm.length));
    const rows = [
      `${"█".repeat(filled)}${"░".repeat(30 - filled)} ${done} of ${this.#total}`,
      ...this.#arms.map((arm) => this.#row(arm, width)),
    ];
    const up = this.#lines === 0 ? "" : `\u001b[${this.#lines}A`;
    this.#stream.write(`${up}${rows.map((row) => `\u001b[2K${row}\n`).join("")}`);
    this.#lines = rows.length;
  }

  #row(arm: string, width: number): string {
    const own = this.#results.filter((result) => result.arm === arm);
    const passed = own.filter(({ scores }) => scores.passed === 1).length;
    const cost = own.reduce((sum, { costMicros, judgeCostMicros }) => sum + costMicros + judgeCostMicros, 0);
    return `  ${arm.padEnd(width)}  ${String(passed).padStart(4)} of ${String(own.length).padEnd(4)} pass  ${dollars(cost)}`;
  }

  #line(): void {
    const tenths = Math.floor((10 * this.#results.length) / Math.max(1, this.#total));
    if (tenths === this.#tenths) return;
    this.#tenths = tenths;
    this.#stream.write(`${this.#results.length} of ${this.#total} runs\n`);
  }
}
