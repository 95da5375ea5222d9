/** Figures as people read them: money, times, sizes. Pure. */

/** Micro-dollars as dollars, with as many digits as are useful. */
export function money(micros: number): string {
  if (micros === 0) return "$0";
  const dollars = micros / 1_000_000;
  if (dollars < 0.0001) return "<$0.0001";
  return `$${dollars.toFixed(dollars < 0.01 ? 4 : dollars < 1 ? 3 : 2)}`;
}

/** Such as `340 ms`, `2.1 s`, `3 min 5 s`, `24 h`. */
export function duration(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1_000).toFixed(1)} s`;
  if (ms < 3_600_000) return inTwo(Math.round(ms / 1_000), ["min", "s"]);
  return inTwo(Math.round(ms / 60_000), ["h", "min"]);
}

/** `count`: of the smaller unit, of which sixty are one of the larger. */
function inTwo(count: number, [large, small]: readonly [string, string]): string {
  const rest = count % 60;
  return `${Math.floor(count / 60)} ${large}${rest === 0 ? "" : ` ${rest} ${small}`}`;
}

export function bytes(count: number): string {
  if (count < 1_024) return `${count} B`;
  if (count < 1_048_576) return `${(count / 1_024).toFixed(1)} KB`;
  return `${(count / 1_048_576).toFixed(1)} MB`;
}

/** Such as `5 minutes ago`; a date when it is longer than a week. */
export function ago(iso: string, nowMs: number): string {
  const atMs = Date.parse(iso);
  const minutes = Math.floor((nowMs - atMs) / 60_000);
  if (minutes < 1) return "just now";
  if (minutes < 60) return many(minutes, "minute");
  if (minutes < 1_440) return many(Math.floor(minutes / 60), "hour");
  if (minutes < 10_080) return many(Math.floor(minutes / 1_440), "day");
  return new Date(atMs).toISOString().slice(0, 10);
}

/** How far off a time is, such as `in 5 minutes` or `in 3 days`; `any moment` once it has come. */
export function ahead(iso: string, nowMs: number): string {
  const minutes = Math.ceil((Date.parse(iso) - nowMs) / 60_000);
  if (minutes < 1) return "any moment";
  if (minutes < 60) return `in ${counted(minutes, "minute")}`;
  if (minutes < 2_880) return `in ${counted(Math.floor(minutes / 60), "hour")}`;
  return `in ${counted(Math.floor(minutes / 1_440), "day")}`;
}

function many(count: number, unit: string): string {
  return `${counted(count, unit)} ago`;
}

function counted(count: number, unit: string): string {
  return `${count} ${unit}${count === 1 ? "" : "s"}`;
}
