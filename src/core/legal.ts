/** Checks that entries form a transcript that Longline could have written itself: for what comes from outside, and for tests. Pure. */
import type { Entry } from "./entry.ts";

export class TranscriptChecker {
  #seq = 0;
  #turn: string | undefined;
  /** The newest reply's step, and its calls that have no result yet. */
  #step = 0;
  #open = new Set<string>();
  readonly #turns = new Set<string>();

  /** The turn that has begun and not ended. */
  get openTurn(): string | undefined {
    return this.#turn;
  }

  /** Whether such a turn has begun. */
  knows(turn: string): boolean {
    return this.#turns.has(turn);
  }

  /** What is wrong with the next entry, in words; `undefined` when it may follow. */
  fault(entry: Entry): string | undefined {
    const fault = this.#fault(entry);
    if (fault === undefined) this.#take(entry);
    return fault;
  }

  #fault(entry: Entry): string | undefined {
    if (entry.seq !== this.#seq + 1) return `seq is ${entry.seq}, and ${this.#seq + 1} is next`;
    if (this.#turn === undefined) return this.#beginFault(entry);
    if (entry.turn !== this.#turn) return `it belongs to ${entry.turn}, and ${this.#turn} has not ended`;
    switch (entry.type) {
      case "user":
        return entry.joined ? this.#restFault() : `${this.#turn} has not ended`;
      case "tool":
        return this.#open.has(entry.callId) && entry.step === this.#step ? undefined : strayCall(entry.callId);
      case "approval":
        if (entry.child !== undefined)
          return this.#open.size > 0 ? undefined : "no agent is open that could ask for it";
        return this.#open.has(entry.callId) && entry.step === this.#step ? undefined : strayCall(entry.callId);
      case "compaction":
        return entry.throughSeq < entry.seq ? this.#restFault() : "through_seq must be an entry before it";
      case "assistant":
      case "step_failed":
        return entry.step > this.#step ? this.#restFault() : `step is ${entry.step}, and it must go up`;
      case "note":
      case "turn_ended":
        return this.#restFault();
    }
  }

  #beginFault(entry: Entry): string | undefined {
    if (entry.type !== "user" || entry.joined) return "a turn must begin with a message of a person";
    // Turns that come later need greater numbers that are still exact.
    if (!/^turn_[1-9]\d{0,11}$/.test(entry.turn)) return `"${entry.turn}" is no turn's name: turn_1, turn_2, ...`;
    return this.#turns.has(entry.turn) ? `${entry.turn} is there twice` : undefined;
  }

  #restFault(): string | undefined {
    const [call] = this.#open;
    return call === undefined ? undefined : `the call "${call}" has no result yet`;
  }

  #take(entry: Entry): void {
    this.#seq = entry.seq;
    if (this.#turn === undefined) {
      this.#turn = entry.turn;
      this.#turns.add(entry.turn);
      this.#step = 0;
    }
    if (entry.type === "assistant") this.#open = new Set(entry.toolCalls.map(({ id }) => id));
    if (entry.type === "assistant" || entry.type === "step_failed") this.#step = entry.step;
    if (entry.type === "tool") this.#open.delete(entry.callId);
    if (entry.type === "turn_ended") this.#turn = undefined;
  }
}

function strayCall(callId: string): string {
  return `no open call of this step is "${callId}"`;
}
