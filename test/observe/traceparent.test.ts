import { expect, it } from "vitest";
import { parseTraceparent, traceparentOf } from "../../src/observe/traceparent.ts";

const trace = "4bf92f3577b34da6a3ce929d0e0e4736";
const span = "00f067aa0ba902b7";

it.each([
  ["sampled", `00-${trace}-${span}-01`, true],
  ["not sampled", `00-${trace}-${span}-00`, false],
  ["with further flags", `00-${trace}-${span}-03`, true],
  ["with flags that are not known", `00-${trace}-${span}-fe`, false],
  ["in blanks", ` \t00-${trace}-${span}-01 `, true],
  ["of a later version", `cc-${trace}-${span}-01`, true],
  ["of a later version with more", `01-${trace}-${span}-01-what-the-future-holds`, true],
])("[TRACE-5] reads a traceparent that is %s", (_, header, isSampled) => {
  const parent = parseTraceparent(header);
  expect(parent).toEqual({ traceId: trace, spanId: span, isSampled });
  expect(traceparentOf({ traceId: trace, spanId: span, isSampled })).toBe(`00-${trace}-${span}-0${Number(isSampled)}`);
});

it.each([
  ["absent", undefined],
  ["null", null],
  ["empty", ""],
  ["of version ff", `ff-${trace}-${span}-01`],
  ["of version 00 with more", `00-${trace}-${span}-01-x`],
  ["of version 00 with a dash more", `00-${trace}-${span}-01-`],
  ["of a later version with more, but no dash", `01-${trace}-${span}-01.x`],
  ["with a trace of zeros", `00-${"0".repeat(32)}-${span}-01`],
  ["with a span of zeros", `00-${trace}-${"0".repeat(16)}-01`],
  ["in upper case", `00-${trace.toUpperCase()}-${span}-01`],
  ["with a short trace", `00-${trace.slice(1)}-${span}-01`],
  ["with a long trace", `00-${trace}0-${span}-01`],
  ["with a short span", `00-${trace}-${span.slice(1)}-01`],
  ["without flags", `00-${trace}-${span}`],
  ["with half the flags", `00-${trace}-${span}-1`],
  ["with long flags", `00-${trace}-${span}-001`],
  ["with other letters", `00-${trace.replace("b", "g")}-${span}-01`],
  ["joined of two", `00-${trace}-${span}-01, 00-${trace}-${span}-01`],
  ["with a line break", `00-${trace}-${span}-01\n`],
  ["long", `01-${"a".repeat(100_000)}`],
])("[TRACE-5] ignores a traceparent that is %s", (_, header) => {
  expect(parseTraceparent(header)).toBeUndefined();
});
