/** Keeps the chance of one wrong claim among several under its bound. Source: S. Holm, Scandinavian Journal of Statistics 6 (1979). Pure. */

/** Adjusted p values in the order of the given ones: each may be compared with the bound of the whole family. */
export function holmAdjusted(ps: readonly number[]): number[] {
  const order = ps.map((p, at) => ({ p, at })).toSorted((a, b) => a.p - b.p);
  const adjusted = new Array<number>(ps.length).fill(1);
  let most = 0;
  for (const [rank, { p, at }] of order.entries()) {
    most = Math.max(most, Math.min(1, p * (ps.length - rank)));
    adjusted[at] = most;
  }
  return adjusted;
}
