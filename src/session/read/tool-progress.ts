/** How far the calls that run now are, as their tools say it. Kept in memory alone, newest text of each: a reader asks for what is newer than it has seen. */

import type { ChildSession } from "../../core/entry.ts";

/** How far a call is. `version`: grows with each change of any call. */
export interface ProgressNote {
  callId: string;
  name: string;
  text: string;
  version: number;
  /** The child that works at the call. */
  agent?: ChildSession;
}

/** Most characters of a text. */
const longestText = 500;
/** Readers are woken at most so often, however often a tool reports. */
const paceMs = 100;

export class ToolProgress {
  readonly #changed: () => void;
  readonly #notes = new Map<string, ProgressNote>();
  #version = 0;
  #wokenMs = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** `changed`: called when readers have something new to see. */
  constructor(changed: () => void) {
    this.#changed = changed;
  }

  report({ callId, name, agent }: { callId: string; name: string; agent?: ChildSession }, text: string): void {
    const shown = text
      .slice(0, longestText)
      .replace(/[\ud800-\udbff]$/, "")
      .toWellFormed();
    if (this.#notes.get(callId)?.text === shown) return;
    this.#notes.set(callId, { callId, name, text: shown, version: ++this.#version, ...(agent && { agent }) });
    const restMs = this.#wokenMs + paceMs - Date.now();
    if (restMs <= 0) this.#tell();
    else this.#timer ??= setTimeout(() => this.#tell(), restMs);
  }

  /** The call is over: its result says everything. */
  end(callId: string): void {
    this.#notes.delete(callId);
    if (this.#notes.size > 0 || this.#timer === undefined) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /** Of a call that runs now. */
  textOf(callId: string): string | undefined {
    return this.#notes.get(callId)?.text;
  }

  /** Of all calls that run, what is newer than `version`. */
  since(version: number): ProgressNote[] {
    if (version >= this.#version) return [];
    return [...this.#notes.values()].filter((note) => note.version > version);
  }

  #tell(): void {
    this.#timer = undefined;
    this.#wokenMs = Date.now();
    this.#changed();
  }
}
