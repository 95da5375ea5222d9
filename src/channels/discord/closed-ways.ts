/** Which ways a delivery may not use any more: permanently, where the error code means that or after several refusals, else until its next attempt. No I/O. */
import type { Closed, Verdict } from "./ladder.ts";
import type { DiscordShown } from "./shown.ts";

/** A way stays closed after this many refusals whose code does not show whether the next attempt can succeed. */
const mostMisses = 3;

export class ClosedWays {
  readonly #shown: DiscordShown;
  /** Those of this attempt only. */
  readonly #shut = new Set<string>();

  constructor(shown: DiscordShown) {
    this.#shown = shown;
  }

  /** `interaction`: for the ways that each interaction has for itself. */
  has(way: Closed, interaction?: string): boolean {
    const name = interaction === undefined ? way : `${way} ${interaction}`;
    return this.#shut.has(name) || (this.#shown.closed?.includes(name) ?? false);
  }

  /** Whether a way is closed in this attempt only. */
  get isShut(): boolean {
    return this.#shut.size > 0;
  }

  /** A call succeeded by these ways: their earlier refusals do not count any more. */
  worked(ways: readonly string[], interaction: string | undefined): void {
    const names = new Set(ways.map((each) => (each === "followup" ? `${each} ${interaction}` : each)));
    const misses = Object.entries(this.#shown.misses ?? {}).filter(([name]) => !names.has(name));
    if (this.#shown.misses !== undefined) this.#shown.misses = Object.fromEntries(misses);
  }

  /** `most`: after this many refusals in a row it stays closed. */
  close(
    { closed, lasting, most = mostMisses }: Extract<Verdict, { do: "next" }> & { most?: number },
    interaction: string | undefined,
  ): void {
    if (closed.includes("file") && closed.includes("dm")) this.#shown.isModerated = true;
    for (const each of closed) {
      if (each === "message") continue;
      const name = each === "token" || each === "followup" ? `${each} ${interaction}` : each;
      const count = (this.#shown.misses?.[name] ?? 0) + 1;
      this.#shown.misses = { ...this.#shown.misses, [name]: count };
      if (lasting || count >= most) this.#shown.closed = [...new Set([...(this.#shown.closed ?? []), name])];
      else this.#shut.add(name);
    }
  }
}
