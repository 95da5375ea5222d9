/** Finds the moments at which a clock on the wall of an IANA time zone shows a time: one, two where the clocks go back, none where they go forward. Pure, but for the zones' rules, which the runtime has. */

/** A time on the wall, as ms since 1970 as if it were UTC. */
export type WallMs = number;

const formats = new Map<string, Intl.DateTimeFormat>();

function formatOf(zone: string): Intl.DateTimeFormat {
  const known = formats.get(zone);
  if (known !== undefined) return known;
  const parts = { year: "numeric", month: "numeric", day: "numeric", hour: "numeric", minute: "numeric" } as const;
  const made = new Intl.DateTimeFormat("en-US", { timeZone: zone, hourCycle: "h23", second: "numeric", ...parts });
  // A caller chooses the zone: what is remembered is bounded.
  if (formats.size >= 50) formats.clear();
  formats.set(zone, made);
  return made;
}

/** Whether the runtime knows the zone: an IANA name such as `Europe/Berlin`, or `UTC`. An offset is none: it has no rules. */
export function isZone(zone: string): boolean {
  if (!/^[A-Za-z][A-Za-z0-9_+/-]{1,59}$/.test(zone)) return false;
  try {
    formatOf(zone);
    return true;
  } catch {
    return false;
  }
}

/** What the wall shows at a moment, to the second. */
export function wallAt(atMs: number, zone: string): WallMs {
  const parts = formatOf(zone).formatToParts(atMs);
  const of = (type: string) => Number(parts.find((part) => part.type === type)?.value);
  return Date.UTC(of("year"), of("month") - 1, of("day"), of("hour"), of("minute"), of("second"));
}

const dayMs = 86_400_000;

function offsetAt(atMs: number, zone: string): number {
  return wallAt(atMs, zone) - Math.floor(atMs / 1_000) * 1_000;
}

/** The times of one day on the wall. Made once for the day: asking for a zone's rules takes far longer than arithmetic. */
export class WallDay {
  readonly #zone: string;
  readonly #offsets: readonly number[];
  readonly #before: number;

  /** `dayMs`: its midnight on the wall. */
  constructor(dayStart: WallMs, zone: string) {
    this.#zone = zone;
    this.#before = offsetAt(dayStart - dayMs, zone);
    const others = [0, 1, 2].map((days) => offsetAt(dayStart + days * dayMs, zone));
    this.#offsets = [...new Set([this.#before, ...others])];
  }

  /** The moments at which the wall shows this, in order. */
  moments(wallMs: WallMs): number[] {
    const moments = this.#offsets.map((offset) => wallMs - offset);
    if (moments.length === 1) return moments;
    return moments.filter((atMs) => wallAt(atMs, this.#zone) === wallMs).toSorted((a, b) => a - b);
  }

  /** The one moment that a time is meant as: the first where it comes twice; where it is skipped, later by what is skipped, as `compatible` of Temporal has it. */
  moment(wallMs: WallMs): number {
    return this.moments(wallMs)[0] ?? wallMs - this.#before;
  }
}
