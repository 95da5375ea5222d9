/** Round values for an axis. Pure. */

/** Values from 0 to at least `most`, each a round step further, about `count` of them. */
export function ticks(most: number, count = 4): number[] {
  if (!(most > 0)) return [0, 1];
  const rough = most / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = ([1, 2, 2.5, 5, 10].find((each) => each * power >= rough) ?? 10) * power;
  const last = Math.ceil(most / step - 1e-9);
  return Array.from({ length: last + 1 }, (_, place) => Number((place * step).toPrecision(12)));
}

/** Values from 0 that are not beyond `most`. */
export function ticksWithin(most: number, count = 4): number[] {
  return ticks(most, count).filter((value) => value <= most);
}

/** Such as `12`, `1.5k`, `3.2M`. */
export function shortNumber(value: number): string {
  for (const [unit, sign] of [
    [1e9, "G"],
    [1e6, "M"],
    [1e3, "k"],
  ] as const)
    if (value >= unit) return `${Number((value / unit).toPrecision(3))}${sign}`;
  return String(Number(value.toPrecision(3)));
}

/** Each day from `from` to `to`, both counted, as `2026-01-31`: also those of which nothing is known. */
export function daysBetween(from: string, to: string): string[] {
  const days: string[] = [];
  for (let atMs = Date.parse(from); atMs <= Date.parse(to) && days.length < 1_000; atMs += 86_400_000)
    days.push(new Date(atMs).toISOString().slice(0, 10));
  return days;
}
