import { expect, it } from "vitest";
import { parseTraceparent, parseTracestate, traceparentOf } from "../../src/observe/traceparent.ts";

const trace = "4bf92f3577b34da6a3ce929d0e0e4736";
const span = "00f067aa0ba902b7";

it.each([
  ["sampled", `00-${trace}-${span}-01`, 1],
  ["not sampled", `00-${trace}-${span}-00`, 0],
  ["sampled, with a random id", `00-${trace}-${span}-03`, 3],
  ["not sampled, with a random id", `00-${trace}-${span}-02`, 2],
  ["with flags that are not known", `00-${trace}-${span}-fc`, 0],
  ["in blanks", ` \t00-${trace}-${span}-01 `, 1],
  ["of a later version", `cc-${trace}-${span}-01`, 1],
  ["of a later version with more", `01-${trace}-${span}-01-what-the-future-holds`, 1],
])("[TRACE-5] reads a traceparent that is %s", (_, header, flags) => {
  const parent = parseTraceparent(header);
  expect(parent).toEqual({ traceId: trace, spanId: span, flags });
  expect(traceparentOf({ traceId: trace, spanId: span, flags })).toBe(`00-${trace}-${span}-0${flags}`);
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

const members = (count: number) => Array.from({ length: count }, (_, at) => `bar${at + 10}=${at}`);
/** Every character that a key and a value may have (w3c/trace-context, test/test.py: test_tracestate_all_allowed_characters). */
const anyKey = "abcdefghijklmnopqrstuvwxyz0123456789_-*/@a-z0-9_-*/";
const anyValue = Array.from({ length: 0x7f - 0x20 }, (_, at) => String.fromCharCode(at + 0x20))
  .filter((letter) => letter !== "," && letter !== "=")
  .join("");

// The rows of the W3C's own test suite (test/test.py), and the limits of level 2.
it.each([
  ["one member", "foo=1", "foo=1"],
  ["two, with blanks", "foo=1 \t , \t bar=2, \t baz=3", "foo=1,bar=2,baz=3"],
  ["headers that are empty among others", ", foo=1,,\t,bar=2,", "foo=1,bar=2"],
  ["a value that begins with a blank", "foo=  1", "foo=  1"],
  ["every allowed character", `${anyKey}=${anyValue}`, `${anyKey}=${anyValue}`],
  ["a key that begins with a digit", "0foo=1", "0foo=1"],
  ["a key of 256 characters", `foo=1,${"z".repeat(256)}=1`, `foo=1,${"z".repeat(256)}=1`],
  ["32 members", members(32).join(), members(32).join()],
])("[TRACE-13] passes on a tracestate with %s", (_, header, sent) => {
  expect(parseTracestate(header)).toBe(sent);
});

it.each([
  ["nothing", undefined],
  ["null", null],
  ["blanks", " \t, ,"],
  ["a key twice", "foo=1,foo=1"],
  ["a key twice, with other values", "foo=1,bar=1,foo=2"],
  ["a blank in a key", "foo =1"],
  ["upper case", "FOO=1"],
  ["a dot", "foo.bar=1"],
  ["a key that begins with a sign", "@foo=1,bar=2"],
  ["a key of 257 characters", `foo=1,${"z".repeat(257)}=1`],
  ["a value of 257 characters", `foo=${"v".repeat(257)}`],
  ["33 members", members(33).join()],
  ["two equals signs", "foo=bar=baz"],
  ["no value", "foo=,bar=3"],
  ["no equals sign", "foo"],
  ["letters of other alphabets", "foo=ä"],
  ["a line break", "foo=1\n"],
])("[TRACE-13] leaves out a tracestate with %s", (_, header) => {
  expect(parseTracestate(header)).toBeUndefined();
});

it("[TRACE-13] of more than 512 characters whole members are left out: first long ones, then the last ones", () => {
  const long = (key: string) => `${key}=${"v".repeat(140)}`;
  const short = (key: string) => `${key}=${"v".repeat(100)}`;
  expect(parseTracestate([long("a"), short("b"), long("c"), short("d"), short("e")].join())).toBe(
    [long("a"), short("b"), short("d"), short("e")].join(),
  );
  const six = ["a", "b", "c", "d", "e", "f"].map(short);
  expect(parseTracestate(six.join())).toBe(six.slice(0, 4).join());
  expect(parseTracestate(`${"k".repeat(256)}=${"v".repeat(256)}`)).toBeUndefined();
  expect(parseTracestate(`a=1,${"k".repeat(256)}=${"v".repeat(256)}`)).toBe("a=1");
});
