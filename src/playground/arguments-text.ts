/** A call's arguments as a person approves them: laid out where that hides nothing, else as they came. Signs that turn or hide text are spelled out. Pure. */

const unseen = /[\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;

export function argumentsText(raw: string): string {
  return laidOut(raw).replace(unseen, (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** A member that stands twice, or a number too long to keep, would be lost by reading it: such text stays as it is. */
function laidOut(raw: string): string {
  try {
    const read: unknown = JSON.parse(raw);
    const packed = raw.replace(/("(?:[^"\\]|\\.)*")|\s+/g, "$1");
    return JSON.stringify(read) === packed ? JSON.stringify(read, null, 2) : raw;
  } catch {
    return raw;
  }
}
