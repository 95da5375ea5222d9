/**
 * Distribution functions and quantiles that the verdict is computed from. Pure. Decides nothing.
 *
 * Sources: W. H. Press et al., Numerical Recipes (3rd ed.), sections 6.1 (log gamma, Lanczos) and 6.4 (incomplete beta,
 * continued fraction of Lentz); M. Abramowitz and I. Stegun, Handbook of Mathematical Functions, 26.5 (t and binomial as
 * incomplete beta).
 */

const lanczos = [
  676.5203681218851, -1259.1392167224028, 771.32342877765313, -176.61502916214059, 12.507343278686905,
  -0.13857109526572012, 9.9843695780195716e-6, 1.5056327351493116e-7,
];

/** The logarithm of the gamma function, for x > 0; relative error below 1e-14. */
function lnGamma(x: number): number {
  if (x < 0.5) return Math.log(Math.PI / Math.sin(Math.PI * x)) - lnGamma(1 - x);
  const z = x - 1;
  const sum = lanczos.reduce((total, part, at) => total + part / (z + at + 1), 0.99999999999980993);
  const base = z + lanczos.length - 0.5;
  return 0.5 * Math.log(2 * Math.PI) + (z + 0.5) * Math.log(base) - base + Math.log(sum);
}

/** The regularised incomplete beta function I_x(a, b), for a, b > 0 and x from 0 to 1. */
export function incompleteBeta(x: number, a: number, b: number): number {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  // The fraction converges fast on this side alone.
  if (x > (a + 1) / (a + b + 2)) return 1 - incompleteBeta(1 - x, b, a);
  const front = Math.exp(lnGamma(a + b) - lnGamma(a) - lnGamma(b) + a * Math.log(x) + b * Math.log1p(-x));
  return (front * betaFraction(x, a, b)) / a;
}

/** The continued fraction of the incomplete beta function, by Lentz's method. */
function betaFraction(x: number, a: number, b: number): number {
  const least = 1e-300;
  const kept = (value: number) => (Math.abs(value) < least ? least : value);
  let c = 1;
  let d = 1 / kept(1 - ((a + b) * x) / (a + 1));
  let result = d;
  for (let m = 1; m < 500; m++) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / kept(1 + even * d);
    c = kept(1 + even / c);
    result *= d * c;
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / kept(1 + odd * d);
    c = kept(1 + odd / c);
    result *= d * c;
    if (Math.abs(d * c - 1) < 1e-15) break;
  }
  return result;
}

/** P(T <= t) for Student's t with `df` degrees of freedom; `df` Infinity is the normal distribution. */
export function studentCdf(t: number, df: number): number {
  if (Math.abs(t) > 1e6) return t > 0 ? 1 : 0;
  if (df === Number.POSITIVE_INFINITY) return normalCdf(t);
  const tail = incompleteBeta(df / (df + t * t), df / 2, 0.5) / 2;
  return t > 0 ? 1 - tail : tail;
}

/** P(Z <= z), by the series of G. Marsaglia, J. Statistical Software 11 (2004); beyond 8 it is 0 or 1 to 15 digits. */
function normalCdf(z: number): number {
  if (Math.abs(z) > 8) return z > 0 ? 1 : 0;
  let [sum, part] = [z, z];
  for (let odd = 3; Math.abs(part) > 1e-17 * Math.abs(sum); odd += 2) {
    part *= (z * z) / odd;
    sum += part;
  }
  return 0.5 + (sum * Math.exp((-z * z) / 2)) / Math.sqrt(2 * Math.PI);
}

const known = new Map<string, number>();

/** The t for which P(T <= t) = p, for 0 < p < 1; by halving, to 1e-12. `df` Infinity: the normal quantile. */
export function studentQuantile(p: number, df: number): number {
  const key = `${p} ${df}`;
  const found = known.get(key) ?? inverted((t) => studentCdf(t, df), p, [-1e4, 1e4]);
  known.set(key, found);
  return found;
}

/** The z for which P(Z <= z) = p. */
export function normalQuantile(p: number): number {
  return studentQuantile(p, Number.POSITIVE_INFINITY);
}

/** P(X <= k) for a binomial X of n trials with probability p. */
export function binomialCdf(k: number, n: number, p: number): number {
  if (k < 0) return 0;
  return k >= n ? 1 : incompleteBeta(1 - p, n - k, k + 1);
}

/** The x for which the rising function `cdf` is p, between two bounds. */
export function inverted(cdf: (x: number) => number, p: number, [from, to]: readonly [number, number]): number {
  let low = from;
  let high = to;
  for (let step = 0; step < 200 && high - low > 1e-13 * Math.max(1, Math.abs(low)); step++) {
    const middle = (low + high) / 2;
    if (cdf(middle) < p) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}
