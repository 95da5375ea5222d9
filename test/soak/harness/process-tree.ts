/** The processes that a command has started, with all that they started: of Linux, from /proc. */
import { readdirSync, readFileSync } from "node:fs";

export interface Member {
  pid: number;
  /** Of the program, as /proc/PID/stat has it: at most 15 characters. */
  name: string;
}

interface Row extends Member {
  parent: number;
  isGone: boolean;
}

function rows(): Row[] {
  const pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  return pids.flatMap((pid) => {
    const stat = textOf(`/proc/${pid}/stat`);
    // The name is in brackets, and may hold any character.
    const end = stat.lastIndexOf(")");
    if (end < 0) return [];
    const [state, parent] = stat.slice(end + 2).split(" ");
    const name = stat.slice(stat.indexOf("(") + 1, end);
    return [{ pid: Number(pid), name, parent: Number(parent), isGone: state === "Z" || state === "X" }];
  });
}

/** Empty where the process has ended, or belongs to another user. */
function textOf(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

/**
 * The processes that run now with this variable in their environment, and those below them. A child whose parent has ended keeps the
 * variable; one that wrote its title over its environment, as those of a browser do, keeps its parent.
 * @param mark NAME=value
 */
export function membersOf(mark: string): Member[] {
  const all = rows().filter(({ isGone }) => !isGone);
  const isMarked = ({ pid }: Row) => textOf(`/proc/${pid}/environ`).split("\0").includes(mark);
  const found = new Map(all.filter(isMarked).map((row) => [row.pid, row]));
  for (let before = -1; before !== found.size; ) {
    before = found.size;
    for (const row of all) if (found.has(row.parent)) found.set(row.pid, row);
  }
  return [...found.values()].map(({ pid, name }) => ({ pid, name }));
}

/** Sends a signal to those of them that are there. */
export function signal(members: readonly Member[], name: NodeJS.Signals): void {
  for (const { pid } of members)
    try {
      process.kill(pid, name);
    } catch {
      // It has ended.
    }
}
