/** Says whether JSON is nested deeper than it may be, without recursion: `JSON.stringify`, validators and copies run out of stack on deep values. Pure. */

/** Levels of objects and arrays that are accepted from outside, by every door. */
export const deepestJson = 64;

/** Whether JSON text is nested deeper than `most` levels. Only looks at brackets outside strings, so the text need not be valid. */
export function textIsDeeper(text: string, most = deepestJson): boolean {
  let depth = 0;
  let inString = false;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (inString) {
      if (code === 0x5c) i++;
      else if (code === 0x22) inString = false;
    } else if (code === 0x22) inString = true;
    else if (code === 0x7b || code === 0x5b) {
      if (++depth > most) return true;
    } else if (code === 0x7d || code === 0x5d) depth--;
  }
  return false;
}

/** How many values a JSON text can hold, counted up to `most`: one more than commas and opened brackets outside strings. */
export function countValues(text: string, most: number): number {
  let values = 1;
  let inString = false;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (inString) {
      if (code === 0x5c) i++;
      else if (code === 0x22) inString = false;
    } else if (code === 0x22) inString = true;
    else if ((code === 0x2c || code === 0x7b || code === 0x5b) && ++values >= most) return most;
  }
  return values;
}

/** Whether a JSON text can hold more than `most` values. */
export function holdsMore(text: string, most: number): boolean {
  return countValues(text, most + 1) > most;
}

/** Whether a value that is already parsed is nested deeper than `most` levels; one level at a time. */
export function isDeeper(value: unknown, most = deepestJson): boolean {
  let level: unknown[] = [value];
  for (let depth = 0; level.length > 0; depth++) {
    const next: unknown[] = [];
    let hasContainer = false;
    for (const each of level) {
      if (typeof each !== "object" || each === null) continue;
      hasContainer = true;
      for (const inner of Object.values(each)) if (typeof inner === "object" && inner !== null) next.push(inner);
    }
    if (hasContainer && depth >= most) return true;
    level = next;
  }
  return false;
}
