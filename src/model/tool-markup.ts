/**
 * How tool markup looks that hosts leak into a reply's text: the opening of a block that DeepSeek's models write, and what
 * is left over at the end of a reply by the parsers of any family. Pure; reads no call.
 */

/** As a sign, or as HTML writes it: some gateways escape the text of an answer. */
export const bracket = { open: "(?:[<‹＜]|&lt;)", close: "(?:[>›＞]|&gt;)" } as const;
export const bar = "[|｜‖]{1,2}";
export const gap = "[\\s▁_]";
/** `<｜DSML｜`, with the bars, brackets, slashes and spaces that hosts make of it; one of its two bars may be lost. */
export const dsmlHead = `${bracket.open}\\s?/?\\s?(?:${bar}\\s?/?\\s?DSML(?:\\s?${bar}|(?=\\s))|DSML\\s?${bar})\\s?`;
/** `<｜tool▁call▁begin｜>` and its kin, of V3 and V3.1; with plain bars Kimi's, too. */
export const toolToken = `${bracket.open}\\s?/?\\s?${bar}\\s?/?\\s?tool${gap}(?:(?:calls?|outputs?)${gap}(?:(?:section|argument)${gap})?(?:begin|end)|sep)\\s?${bar}\\s?${bracket.close}`;
/** Ends a turn in some family's template; parsers let it through. */
const turnEnd = `${bracket.open}${bar}(?:end${gap}of${gap}sentence|im_end|end|eot_id|endoftext)${bar}${bracket.close}|</s>`;
/** Any tag without attributes: hosts call the wrapper of a block what they like. */
const plainTag = "<[A-Za-z][\\w:.-]{0,40}>";

/** Names of the wrapper in a block whose host dropped special tokens, of which the DSML mark is one (sglang#15155). */
const wrapper = "(?:(?:function|tool)[ _]calls?|calls|tool_use)";
/** The opening of such a block: without the mark, both tags are needed to know it. */
export const unmarked = `<${wrapper}>\\s{0,4}<invoke\\s{1,4}name\\s?=`;
/** Any tag of such a block, up to its name. */
export const unmarkedTag = `<(/?)((?:invoke|parameter)(?=[\\s>])|${wrapper}(?=>))`;

/**
 * Opens (or closes) a block of calls of the DeepSeek family. A tag of another name counts when it is whole, so that a
 * sentence about the marker is none (sglang#40237, flocks#687).
 */
export const opening = new RegExp(
  `(?:${plainTag}\\s{0,4})?(?:${dsmlHead}(?:(?:function|tool)${gap}(?:calls?|use)|invoke|parameter|[A-Za-z][\\w.:-]{0,63}(?=\\s?${bracket.close}|\\s{1,4}name\\s?=))|${toolToken})|${unmarked}`,
  "i",
);

/** Every proper beginning of an opening, and no longer than `longestBeginning`. */
const beginning = new RegExp(
  `^(?:<[A-Za-z][\\w:.-]{0,40}|${plainTag}\\s{0,4}<(?:${nested([..."invoke"])})?|${plainTag}\\s{0,4}<invoke\\s{1,4}(?:${nested([..."name"])})?\\s?|<(?:function|tool) (?:${nested([..."calls"])})?|${plainTag}\\s{0,4}|(?:${plainTag}\\s{0,4})?${nested([bracket.open, "\\s?", "/?", "\\s?", bar, "\\s?", "/?", "\\s?", `(?:${nested([..."DSML"])}|${nested([..."tool"])}(?:${gap}[a-z▁_\\s]{0,20})?)`, "\\s?", bar, "[\\w▁.: -]{0,70}", `(?:${bar})?`, "\\s?", "&", "g", "t"])}|${bracket.open}\\s?/?\\s?(?:${bar}\\s?/?\\s?DSML\\s|DSML\\s?${bar}\\s?)[\\w▁.: -]{0,70})$`,
  "i",
);
const longestBeginning = 200;
/** Every opening and marker, and every beginning of one, contains one of these characters. Most texts contain none: one search is enough for them. */
const signs = /[<‹＜[｜&]/;

/** Whether markup may be in the text, or begin there. */
export function mayHoldMarkup(text: string): boolean {
  return signs.test(text);
}

/** A name as it follows the DSML mark, and an invoke's or parameter's attributes. */
const dsmlName = `(?:(?:function|tool)${gap}(?:calls?|use)|[A-Za-z][\\w▁.:-]{0,63})?(?:\\s{1,4}name\\s?=(?:[^<>›＞&]|&(?![lg]t;)){0,200})?`;
/** Tags and tokens that parsers of any family leave at the end of a text (pi#3712, stdapi.ai#182, Rapid-MLX#448, FreeToken#346). */
const leftover = [
  `${dsmlHead}${dsmlName}\\s?(?:${bar})?${bracket.close}`,
  toolToken,
  "</?(?:tool_calls?|function_calls?|invoke)>",
  "<(?:function|parameter)=[\\w.-]{1,64}>",
  "</(?:function|parameter)>",
  "\\[/?TOOL_CALLS\\]",
  "<\\|?tool_call\\|?>",
].join("|");
/** One of them that is not finished, and cannot be anything else. */
const half = [
  `${dsmlHead}${dsmlName}\\s?(?:${bar})?`,
  "｜{1,2}DSML｜{1,2}[\\w▁]{0,40}",
  `${bracket.open}\\s?/?\\s?${bar}\\s?/?\\s?(?:DSM|DSML|tool${gap}[cos][\\w▁]{0,30})\\s?(?:${bar})?`,
  "</?(?:tool_c\\w{0,5}|function_c\\w{0,5}|function|invok)",
  "<(?:function|parameter)=[\\w.-]{0,64}",
  "\\[/?TOOL_[A-Z]{0,6}",
].join("|");
const marker = new RegExp(leftover, "i");
const nextMarker = new RegExp(`(?:${leftover}|${turnEnd})\\s*`, "iy");
const onlyHalf = new RegExp(`^(?:${half})$`, "i");
/** The beginning of half a marker. */
const onlyStart = new RegExp(
  `^(?:${bracket.open}|&(?:l|lt)?|</?\\w{0,13}|\\[/?(?:T|TO|TOO|TOOL)?|<\\|\\w{0,13}|｜{1,2}(?:D|DS|DSM|DSML)?)$`,
  "i",
);
const onlyTrailing = new RegExp(`^(?:\\s|${turnEnd}|</[A-Za-z][\\w:.-]{0,40}>)*$`, "i");

/** Where the tail of `text` begins that may still become markup; the text's length when there is none. */
export function heldFrom(text: string): number {
  const from = Math.max(0, text.length - longestBeginning);
  for (let at = from; at < text.length; at++) {
    if (!signs.test(text.charAt(at))) continue;
    const tail = text.slice(at);
    const rest = afterMarkers(tail);
    if (rest === "" || onlyHalf.test(rest) || onlyStart.test(rest) || beginning.test(tail)) return at;
  }
  return text.length;
}

/** Whether a reply that ends with this ends with nothing but what a parser left over. */
export function isLeftover(tail: string): boolean {
  if (!mayHoldMarkup(tail)) return false;
  const rest = afterMarkers(tail);
  return onlyHalf.test(rest) || ((rest === "" || onlyStart.test(rest)) && hasMarker(tail));
}

/** Whether there is a whole marker in the text. */
export function hasMarker(text: string): boolean {
  return mayHoldMarkup(text) && marker.test(text);
}

/** What follows the markers at the beginning. Step by step: one expression for all of them would try each way to divide them. */
function afterMarkers(tail: string): string {
  let at = 0;
  for (;;) {
    nextMarker.lastIndex = at;
    const match = nextMarker.exec(tail);
    if (match === null) return tail.slice(at);
    at += match[0].length;
  }
}

/** Whether a reply that has this text after its calls still counts as ending with its calls. */
export function isTrailing(rest: string): boolean {
  return onlyTrailing.test(rest);
}

/** `a(?:b(?:c)?)?`: matches every beginning of the parts in order. */
function nested(parts: string[]): string {
  return parts.reduceRight((rest, part) => (rest === "" ? part : `${part}(?:${rest})?`), "");
}
