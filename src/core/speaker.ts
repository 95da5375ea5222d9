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

const everyUnreadable = new RegExp(unreadable, "gu");

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
    .replace(everyUnreadable, "")
    .trim();
}

/** Whether the conversation itself speaks by this name, however it is written, also in letters that only look like it. */
export function isReserved(name: string): boolean {
  const written = plain(name.replace(everyUnreadable, ""));
  reservedLooks ??= reserved.map(looksLike);
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
 * What each letter looks like, in lower case and without marks: `confusables.txt` of Unicode 13 (UTS #39, section 4,
 * "Confusable Detection") for the letters of the names that a conversation gives its parts, with both cases of each sign, and small capitals.
 */
const drawnLike: Record<string, string> = {
  a: "\u1d00\u0251\u03b1\u0430\u15c5\u2376\u237a\ua4ee\uab7a\u{102a0}\u{16f40}",
  d: "\u1d05\u00f0\u0111\u018c\u0256\u0257\u0501\u146f\u15de\u15ea\u20ab\ua4d2\ua4d3\uab70\uabb7",
  e: "\u1d07\u0247\u03b5\u0435\u04bd\u04bf\u212e\u22ff\u2d39\ua4f0\uab32\uab7c\u{10286}\u{118c6}\u{118ce}",
  l: "\u029f1|\u0131\u0142\u019a\u01c0\u0268\u0269\u026a\u026b\u026d\u03b9\u0456\u04cf\u05c0\u05d5\u05df\u0627\u0661\u0673\u06f1\u07ca\u14aa\u16c1\u1d7b\u1d7c\u2223\u2373\u2378\u23fd\u2502\u2c93\u2cd1\u2d4f\ua4e1\ua4f2\ua647\uab75\uabae\u{1028a}\u{10309}\u{10320}\u{10443}\u{10526}\u{118c3}\u{118d2}\u{16f16}\u{16f28}\u{1d22a}\u{1e8c7}",
  m: "\u1d0d\u03bc\u03fb\u043c\u04ce\u15f0\u16d6\u2c99\ua4df\uab87\u{102b0}\u{10311}",
  n: "\u0274\u019e\u0272\u0273\u03b7\u03bd\u0578\u057c\u1d70\u2c9b\ua4e0\u{1018e}\u{10513}",
  o: "0\u00f8\u0275\u03b8\u03bf\u03c3\u043e\u0473\u04e9\u0585\u05e1\u0647\u0665\u06be\u06c1\u06d5\u06f5\u06ff\u07c0\u0966\u09e6\u0a66\u0ae6\u0b20\u0b66\u0be6\u0c66\u0ce6\u0d20\u0d66\u0e50\u0ed0\u1010\u101d\u1040\u10ff\u12d0\u1d0f\u1d11\u2296\u229d\u236c\u2c9f\u2d31\u2d41\u2d54\u3007\ua4f3\ua74b\uab3d\uab3e\uab74\uab8e\uabbb\u{10292}\u{102ab}\u{1042c}\u{104ea}\u{10516}\u{114d0}\u{118c8}\u{118d5}\u{118d7}\u{118e0}\u{1d21a}\u{1f714}",
  p: "\u1d18\u01a5\u03c1\u0440\u146d\u1d7d\u2374\u2ca3\ua4d1\uabb2\u{10295}",
  r: "\u024d\u027c\u027d\u0280\u0433\u0493\u1587\u1d26\u1d72\u2c85\ua4e3\uab47\uab48\uab71\uab81\uaba2\u{104dc}\u{16f35}\u{1d216}",
  s: "\u01bd\u0282\u0455\u057f\u1d74\ua4e2\ua731\uaba5\uabaa\u{10296}\u{10448}\u{118c1}\u{16f3a}",
  t: "\u1d1b\u0167\u01ad\u0288\u03c4\u0442\u04ad\u1d75\u20ae\u22a4\u2361\u27d9\u2c66\u2ca7\ua4d4\uab72\u{10297}\u{102b1}\u{10315}\u{118dc}\u{16f0a}\u{1f768}",
  u: "\u0289\u028b\u03c5\u057d\u1200\u144c\u1d1c\u1d7e\u222a\u22c3\ua4f4\ua79f\uab4e\uab52\uab9c\u{104f6}\u{118d8}\u{16f42}",
  v: "\u03bd\u0475\u05d8\u0667\u06f7\u142f\u1d20\u2228\u22c1\u2d38\ua4e6\ua6df\uaba9\u{10197}\u{1051d}\u{11706}\u{118c0}\u{16f08}\u{1d20d}\u{1f708}",
  y: "\u00a5\u01b4\u024f\u0263\u028f\u03b3\u03c5\u0443\u04af\u04b1\u10e7\u1d8c\u1eff\u2ca9\ua4ec\uab5a\uab79\uab8d\u{102b2}\u{118c4}\u{118dc}\u{16f43}",
};
/** The same for two letters. */
const pairsLike: Record<string, string> = {
  oo: "\u221e\ua699\ua74f",
  rn: "\u0271\u1d6f\u20a5\u{11700}\u{118e3}",
};

/** Matches a name, as `plain` writes it, that looks like `word`; blanks and other signs may be between its letters. */
function looksLike(word: string): RegExp {
  const between = "[^\\p{L}\\p{N}]*";
  const letters = Array.from(word, (letter) => `(?:${shapesOf(letter)})`).join(between);
  const pairs = Object.keys(pairsLike).reduce((all, pair) => {
    const [one, two] = Array.from(pair, (letter) => `(?:${shapesOf(letter)})`);
    const apart = `${one}${between}${two}`;
    return all.replaceAll(apart, `(?:${apart}|[${pairsLike[pair]}])`);
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
function shapesOf(letter: string): string {
  if (letter === "i" || letter === "l") return `[il${drawnLike.l}]`;
  const shapes = `[${letter}${drawnLike[letter] ?? ""}]`;
  return letter === "m" ? `[m${drawnLike.m}${pairsLike.rn}]|[r${drawnLike.r}][n${drawnLike.n}]` : shapes;
}
