import { expect, it, vi } from "vitest";
import { TextParts } from "../../src/core/text-parts.ts";

it("[EVENT-3] gives the rest from every offset", () => {
  const parts = new TextParts();
  for (const part of ["He", "", "llo", " ", "world"]) parts.add(part);
  const whole = "Hello world";
  for (let offset = 0; offset <= whole.length + 2; offset++) expect(parts.since(offset)).toBe(whole.slice(offset));
  expect([parts.length, String(parts)]).toEqual([whole.length, whole]);
});

it("[EVENT-7] reading the newest part touches that part only", () => {
  const parts = new TextParts();
  const join = vi.spyOn(Array.prototype, "join");
  const slice = vi.spyOn(String.prototype, "slice");
  for (let i = 0; i < 1000; i++) {
    parts.add("ab");
    expect(parts.since(parts.length - 2)).toBe("ab");
  }
  const [joins, slices] = [join.mock.calls.length, slice.mock.calls.length];
  vi.restoreAllMocks();
  expect([joins, slices]).toEqual([0, 1000]);
});
