/** Counts the reads and writes of Workers KV in a turn: each one is billed (developers.cloudflare.com/kv/platform/pricing). */
export class KvCount {
  #reads = 0;
  #writes = 0;

  read(): void {
    this.#reads++;
  }

  write(): void {
    this.#writes++;
  }

  /** How many there were since the last take; nothing for what was not used. */
  take(): { kvReads?: number; kvWrites?: number } {
    const [kvReads, kvWrites] = [this.#reads, this.#writes];
    this.#reads = 0;
    this.#writes = 0;
    return { ...(kvReads > 0 && { kvReads }), ...(kvWrites > 0 && { kvWrites }) };
  }
}
