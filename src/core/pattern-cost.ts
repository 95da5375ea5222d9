/**
 * Measures how much work a regular expression can cost a backtracking engine, before it is run: every way through the pattern is
 * counted, by an automaton that never backtracks. A pattern whose ways can double with each character is refused by name;
 * for the others the ways are counted on the very text that is to be matched. Pure.
 */
import { PatternFault, type PatternPart, parsePattern } from "./pattern-parse.ts";

/** Places of a pattern once counted repetitions are written out, and steps between them. */
const mostPlaces = 3_000;
const mostSteps = 20_000;
/** Work that looking for doubling may take. */
const mostPairs = 300_000;

/** So many ways lead to this place. */
type WaysAt = readonly [place: number, ways: number];

/** A part as an automaton: where it can begin and end, and in how many ways it can match nothing. */
interface Fragment {
  first: WaysAt[];
  last: WaysAt[];
  empty: number;
}

const nothing = (): Fragment => ({ first: [], last: [], empty: 1 });

/** A pattern that was measured. Positions are Glushkov's: one for each character of the pattern. */
export class MeasuredPattern {
  readonly #accepts: ((char: string) => boolean)[] = [];
  readonly #next: Map<number, number>[] = [];
  readonly #first: WaysAt[];
  readonly #isAnchored: boolean;
  #steps = 0;
  #work = 0;

  /** Throws a PatternFault that says why the pattern is refused. */
  constructor(source: string, flags = "u") {
    const part = parsePattern(source, flags);
    this.#isAnchored = flags.includes("y") || (!flags.includes("m") && beginsAtStart(part));
    this.#first = this.#ended(this.#fragment(part)).first;
    if (this.#canDouble(source)) throw new PatternFault("can take time that doubles with each character");
  }

  /** How many steps measuring it took. */
  get work(): number {
    return this.#steps + this.#accepts.length + this.#work;
  }

  /** An upper bound of the steps that matching `text` takes; infinite beyond `limit`. Takes itself no longer than `limit` steps. */
  cost(text: string, limit: number): number {
    let total = 0;
    let here = new Map<number, number>();
    let isStart = true;
    for (const char of text) {
      const next = new Map<number, number>();
      if (isStart || !this.#isAnchored) total += this.#advance(this.#first, { char, ways: 1, next });
      for (const [place, ways] of here) total += this.#advance(this.#next[place] ?? [], { char, ways, next });
      isStart = false;
      here = next;
      if (total > limit) return Number.POSITIVE_INFINITY;
      if (this.#isAnchored && here.size === 0) break;
    }
    const end = { char: "", next: new Map<number, number>() };
    total += this.#advance(this.#first, { ...end, ways: 1 });
    for (const [place, ways] of here) total += this.#advance(this.#next[place] ?? [], { ...end, ways });
    return total > limit ? Number.POSITIVE_INFINITY : total;
  }

  /** Returns how many ways were tried, whether the character fits or not. */
  #advance(steps: Iterable<WaysAt>, at: { char: string; ways: number; next: Map<number, number> }): number {
    let tried = 1;
    for (const [place, count] of steps) {
      tried += at.ways * count;
      if (this.#accepts[place]?.(at.char)) at.next.set(place, (at.next.get(place) ?? 0) + at.ways * count);
    }
    return tried;
  }

  #fragment(part: PatternPart): Fragment {
    switch (part.kind) {
      case "char":
        return this.#place(part.accepts);
      case "empty":
      case "start":
        return nothing();
      case "sequence":
        return part.parts.reduce((all, each) => this.#joined(all, this.#fragment(each)), nothing());
      case "choice":
        return part.parts.map((each) => this.#fragment(each)).reduce(either);
      case "repeat":
        return this.#repeat(part);
      case "look":
        return this.#look(part.part, part.behind);
    }
  }

  #place(accepts: (char: string) => boolean): Fragment {
    const place = this.#accepts.push(accepts) - 1;
    if (place >= mostPlaces) throw new PatternFault("is too large once its repetitions are written out");
    this.#next.push(new Map());
    return { first: [[place, 1]], last: [[place, 1]], empty: 0 };
  }

  /** With a last place that accepts nothing, so that every way to the end is counted. */
  #ended(fragment: Fragment): Fragment {
    return this.#joined(
      fragment,
      this.#place(() => false),
    );
  }

  #joined(left: Fragment, right: Fragment): Fragment {
    this.#connect(left.last, right.first);
    const first = left.empty > 0 ? [...left.first, ...times(right.first, left.empty)] : left.first;
    const last = right.empty > 0 ? [...right.last, ...times(left.last, right.empty)] : right.last;
    return { first, last, empty: left.empty * right.empty };
  }

  #connect(from: readonly WaysAt[], to: readonly WaysAt[]): void {
    this.#spend(from.length * to.length);
    for (const [place, ways] of from) {
      const next = this.#next[place];
      for (const [after, more] of to) next?.set(after, (next.get(after) ?? 0) + ways * more);
    }
  }

  #spend(steps: number): void {
    this.#steps += steps;
    if (this.#steps > mostSteps) throw new PatternFault("is too large once its repetitions are written out");
  }

  #repeat({ part, least, most }: Extract<PatternPart, { kind: "repeat" }>): Fragment {
    let all = nothing();
    const endless = most === Number.POSITIVE_INFINITY;
    for (let n = 0; n < least - (endless ? 1 : 0); n++) {
      this.#spend(1);
      all = this.#joined(all, this.#fragment(part));
    }
    if (endless) {
      const loop = this.#fragment(part);
      this.#connect(loop.last, loop.first);
      return this.#joined(all, least === 0 ? { ...loop, empty: 1 } : loop);
    }
    // `x{0,3}` is `(?:x(?:x(?:x)?)?)?`, built from the inside. What matches nothing is no further round.
    let rest = nothing();
    const rounds: Fragment[] = [];
    for (let n = least; n < most; n++) {
      this.#spend(1);
      rounds.push(this.#fragment(part));
    }
    for (const one of rounds.reverse()) {
      this.#connect(one.last, rest.first);
      for (const way of one.last) rest.last.push(way);
      rest = { first: one.empty > 0 ? [...one.first, ...rest.first] : one.first, last: rest.last, empty: 1 };
    }
    return this.#joined(all, rest);
  }

  /** Every way into it is a way that ends there. */
  #look(part: PatternPart, behind: boolean): Fragment {
    if (behind && !isPlain(part)) throw new PatternFault("looks behind for more than plain characters");
    return behind ? nothing() : { first: this.#ended(this.#fragment(part)).first, last: [], empty: 1 };
  }

  /** Whether two different ways lead from a place back to it by the same text: then each round doubles the ways. */
  #canDouble(source: string): boolean {
    const groups = loopsOf(this.#next);
    if (groups.length === 0) return false;
    const overlaps = this.#overlaps(samplesFor(source));
    return groups.some((group) => {
      const within = new Map(
        group.map((place) => [place, [...(this.#next[place] ?? [])].filter(([to]) => group.includes(to))]),
      );
      if ([...within.values()].some((ways) => ways.some(([, count]) => count > 1))) return true;
      const { meet, work } = pairsMeet(within, overlaps);
      this.#work += work;
      return meet;
    });
  }

  /** Whether two places can take the same character. Repetitions that are written out share their part, which is looked at once. */
  #overlaps(chars: readonly string[]): (a: number, b: number) => boolean {
    const accepted = new Map<(char: string) => boolean, ReadonlySet<string>>();
    const charsOf = (place: number) => {
      const accepts = this.#accepts[place] ?? (() => false);
      let known = accepted.get(accepts);
      if (known === undefined) {
        known = new Set(chars.filter(accepts));
        this.#work += chars.length;
        accepted.set(accepts, known);
      }
      return known;
    };
    return (a, b) => {
      if (a === b) return true;
      const [left, right] = [charsOf(a), charsOf(b)];
      return left === right ? left.size > 0 : !left.isDisjointFrom(right);
    };
  }
}

const times = (ways: readonly WaysAt[], factor: number): WaysAt[] =>
  ways.map(([place, count]) => [place, count * factor]);

function either(a: Fragment, b: Fragment): Fragment {
  return { first: [...a.first, ...b.first], last: [...a.last, ...b.last], empty: a.empty + b.empty };
}

function beginsAtStart(part: PatternPart): boolean {
  switch (part.kind) {
    case "start":
      return true;
    case "sequence": {
      const first = part.parts.find(({ kind }) => kind !== "look" && kind !== "empty");
      return first !== undefined && beginsAtStart(first);
    }
    case "choice":
      return part.parts.every(beginsAtStart);
    case "repeat":
      return part.least > 0 && beginsAtStart(part.part);
    default:
      return false;
  }
}

/** Characters one after the other, so that looking at them costs the same everywhere. */
function isPlain(part: PatternPart): boolean {
  if (part.kind === "sequence") return part.parts.length <= 32 && part.parts.every(isPlain);
  return part.kind === "char" || part.kind === "empty" || part.kind === "start";
}

/** Characters that distinguish classes: those of the pattern with their neighbours, ASCII, and some of other scripts. */
function samplesFor(source: string): string[] {
  const codes = [...source].flatMap((char) => [-1, 0, 1].map((step) => (char.codePointAt(0) ?? 0) + step));
  const ascii = Array.from({ length: 128 }, (_, code) => code);
  const others = [..."\u00a0éß×Ωжשعअกあアㄅ中한١\u0301\u2028–“€\ufffd\u{1f600}"].map(
    (char) => char.codePointAt(0) ?? 0,
  );
  const known = codes.concat(ascii, others).filter((code) => code >= 0 && code <= 0x10ffff);
  return [...new Set(known)].map((code) => String.fromCodePoint(code));
}

/** Places that can be reached from themselves, together with those on the way. */
function loopsOf(next: readonly Map<number, number>[]): number[][] {
  const before = next.map((): number[] => []);
  for (const [place, steps] of next.entries()) for (const to of steps.keys()) before[to]?.push(place);
  // Places are numbered in the order of the pattern, so only a step backwards can close a loop.
  const heads = new Set(next.flatMap((steps, place) => [...steps.keys()].filter((to) => to <= place)));
  const groups: number[][] = [];
  const done = new Set<number>();
  let work = 0;
  for (const head of heads) {
    if (done.has(head)) continue;
    const ahead = reached(head, (place) => next[place]?.keys() ?? []);
    const behind = reached(head, (place) => before[place] ?? []);
    work += ahead.size + behind.size;
    if (work > mostPairs) throw new PatternFault("is too large to be measured");
    const group = [...ahead].filter((place) => behind.has(place));
    for (const place of group) done.add(place);
    groups.push(group);
  }
  return groups;
}

function reached(start: number, steps: (place: number) => Iterable<number>): Set<number> {
  const seen = new Set<number>();
  const open = [...steps(start)];
  for (let place = open.pop(); place !== undefined; place = open.pop()) {
    if (seen.has(place)) continue;
    seen.add(place);
    for (const to of steps(place)) open.push(to);
  }
  return seen;
}

/** Whether a pair of equal places can become two different ones, and the two meet again. */
function pairsMeet(
  within: Map<number, WaysAt[]>,
  overlaps: (a: number, b: number) => boolean,
): { meet: boolean; work: number } {
  const size = within.size;
  const places = [...within.keys()];
  const number = new Map(places.map((place, n) => [place, n]));
  const key = (a: number, b: number) => (number.get(a) ?? 0) * size + (number.get(b) ?? 0);
  let work = size;
  const after = (a: number, b: number): [number, number][] => {
    const found: [number, number][] = [];
    for (const [x] of within.get(a) ?? []) {
      for (const [y] of within.get(b) ?? []) {
        if (++work > mostPairs) throw new PatternFault("is too large to be measured");
        if (overlaps(x, y)) found.push([x, y]);
      }
    }
    return found;
  };
  const seen = new Set<number>();
  const open = places.flatMap((place) => after(place, place).filter(([x, y]) => x < y));
  for (let pair = open.pop(); pair !== undefined; pair = open.pop()) {
    const [a, b] = pair;
    if (seen.has(key(a, b))) continue;
    seen.add(key(a, b));
    for (const [x, y] of after(a, b)) {
      if (x === y) return { meet: true, work };
      open.push([x, y]);
    }
  }
  return { meet: false, work };
}

/** Why a pattern is not run; `undefined` when it may be, on texts whose cost is measured. */
export function patternFault(source: string): string | undefined {
  const measured = measuredPattern(source);
  return "fault" in measured ? measured.fault : undefined;
}

/** The same, or how many steps measuring it took. */
export function measuredPattern(source: string): { fault: string } | { work: number } {
  try {
    return { work: new MeasuredPattern(source).work };
  } catch (error) {
    if (error instanceof PatternFault) return { fault: error.message };
    throw error;
  }
}
