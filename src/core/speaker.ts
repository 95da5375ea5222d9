/** The rule for names of speakers, at every door. The model reads `name: message`, so a name must be visible, and must not look like the beginning of another message. */

/** Longest name, in UTF-16 units. */
const longest = 64;
/** Those that a conversation itself gives to its parts. */
const reserved = ["system", "developer", "assistant", "tool", "user"];
/** Made with the first name that is looked at: long patterns, which most starts of a Worker do not need. */
let reservedLooks: readonly RegExp[] | undefined;
/**
 * Control and format characters (bidirectional ones among them), line and paragraph separators, halves of surrogate pairs,
 * and fillers that are drawn as nothing. U+200C and U+200D stay: names in Persian and Hindi, and emoji, are written with them.
 */
const unreadable = /(?![\u200c\u200d])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\u115f\u1160\u3164\uffa0]|\u034f|\u17b4|\u17b5/u;

/** What is wrong with a name, to follow the field; `undefined` when it may be used. */
export function speakerFault(name: string): string | undefined {
  if (unreadable.test(name)) return "must be one line without control or invisible characters";
  return recordedFault(name) ?? (isReserved(name) ? `"${name}" is reserved. Use another name` : undefined);
}

/** The same for a name in a transcript: the conversation has named itself there, and earlier versions took every name of one line. */
export function recordedFault(name: string): string | undefined {
  if (name.trim() === "") return "must not be empty";
  if (name.length > longest) return `must have at most ${longest} characters`;
  return /[\r\n]/.test(name) ? "must be one line" : undefined;
}

/** A recorded name as the model reads it: in one line, without what cannot be read. Empty when nothing of it can. */
export function readableSpeaker(name: string): string {
  if (!unreadable.test(name)) return name;
  return name
    .toWellFormed()
    .replace(/[\p{Zl}\p{Zp}\p{Cc}]+/gu, " ")
    .replace(new RegExp(unreadable, "gu"), "")
    .trim();
}

/** Whether the conversation itself speaks by this name, however it is written, also in letters that only look like it. */
export function isReserved(name: string): boolean {
  const written = plain(name.replace(new RegExp(unreadable, "gu"), ""));
  if (reservedLooks === undefined) {
    const signs = drawnLike();
    reservedLooks = reserved.map((word) => looksLike(word, signs));
  }
  return reservedLooks.some((look) => look.test(written));
}

/** A name that people chose elsewhere, made one that may be used; `undefined` when nothing of it can. */
export function safeSpeaker(name: string): string | undefined {
  const short = readableSpeaker(name)
    .trim()
    .slice(0, longest)
    .replace(/[\ud800-\udbff]$/, "")
    .trim();
  if (short === "") return undefined;
  return isReserved(short) ? `user ${short}`.slice(0, longest) : short;
}

/**
 * What looks like each letter, in lower case and without marks: `confusables.txt` of Unicode 13 (UTS #39, section 4,
 * "Confusable Detection") for the letters of the names that a conversation gives its parts, with both cases of each sign, and
 * small capitals; `OO` and `RN` are two letters. In order: the distance from the code point before, in base 32, and the letter
 * in upper case. The test of this file has the signs themselves.
 */
const lookalikes =
  "1gO1L2bL19Y2bD8OpD10LhL15T15DeL4N7P8T7Y9S3L47E6R2Y2A5D1DcY5L1L1L1L2L4RN1N1N1N1O7R1R3R2S6T1U2U4YgL8iA2Y2E2N1O1L3M1N0V2O2P2O1T1U0Y1mM1lA3R2E7M2O2P2T1YiS" +
  "1LtO2VuRqT2Y2YcE2EfM1LqOoD3nN4N1U2S6O1rLlL3V7L2O26L10OqL4O2VcL2bO3OkOsL4O2V8O61OaLcsO40O40O40O1qO26O40O40O40O1qO26O7aO40Oa0OdO13O57YoO81U6gOavVtU11P2D" +
  "1rL6tR1uApDcD6M6hLlM1haA5D2E6M2O2O7P3T1U4V6R29RN1N2R2S1T6L1L1P1UeYbjYd6RN6D3T40E7gOO5L5V2U3cO7O7TtV2U1sE32TbO7L1P2A2L2A43L85LmnT14dTvReL6M2N4O4P4T2Y18" +
  "L30O7V1E8OeL5OljOt6aP1D1D1TbM1N1L1S1R3V6Y2A2E2L1O1UajL2iOO26V2iSqO4OO2gUsjEbO1O9R1R6U4U8YmD1R1T2O1L4Y1A2E5R6M6Y1OeU6R3S4V1S4L4P5D4OlejN9V7fE4L8O3P1S1T" +
  "9AbO5M1T1Y2nL8M4TbL8cOnL5S4kReOcUtN3O7V9L3taOhgRN6VdqV1S2L1Y2E2O6E4L3O2O1U4T0Y4O3RNlh5V2TcLiLdR5S6A2U1YomaV9R4OgL5ktL3i1VcO2kT";

/** Signs by what they look like. */
export function drawnLike(): Readonly<Record<string, string>> {
  const signs: Record<string, string> = {};
  let point = 0;
  for (const [, distance = "", letter = ""] of lookalikes.matchAll(/([0-9a-v]+)([A-Z]+)/g)) {
    point += Number.parseInt(distance, 32);
    const name = letter.toLowerCase();
    signs[name] = (signs[name] ?? "") + String.fromCodePoint(point);
  }
  return signs;
}

/** Matches a name, as `plain` writes it, that looks like `word`; blanks and other signs may be between its letters. */
function looksLike(word: string, signs: Readonly<Record<string, string>>): RegExp {
  const between = "[^\\p{L}\\p{N}]*";
  const letters = Array.from(word, (letter) => `(?:${shapesOf(letter, signs)})`).join(between);
  const pairs = ["oo", "rn"].reduce((all, pair) => {
    const [one, two] = Array.from(pair, (letter) => `(?:${shapesOf(letter, signs)})`);
    const apart = `${one}${between}${two}`;
    return all.replaceAll(apart, `(?:${apart}|[${signs[pair]}])`);
  }, letters);
  return new RegExp(`^${between}${pairs}${between}$`, "u");
}

/** In lower case, with each letter apart from its marks, which are left out. */
function plain(name: string): string {
  return name
    .normalize("NFKD")
    .replace(/\p{M}+/gu, "")
    .toLowerCase();
}

/** `i` and `l` are one: a capital `I` is drawn as an `l`. `m` is drawn as `rn`. */
function shapesOf(letter: string, signs: Readonly<Record<string, string>>): string {
  if (letter === "i" || letter === "l") return `[il${signs.l}]`;
  const shapes = `[${letter}${signs[letter] ?? ""}]`;
  return letter === "m" ? `[m${signs.m}${signs.rn}]|[r${signs.r}][n${signs.n}]` : shapes;
}
