import { expect, it } from "vitest";
import { TextParts } from "../../src/core/text-parts.ts";

it("[EVENT-3] gives the rest from every offset", () => {
  const parts = new TextParts();
  for (const part of ["He", "", "llo", " ", "world"]) parts.add(part);
  const whole = "Hello world";
  for (let offset = 0; offset <= whole.length + 2; offset++) expect(parts.since(offset)).toBe(whole.slice(offset));
  expect([parts.length, String(parts)]).toEqual([whole.length, whole]);
});

it("[EVENT-7] reading the newest part joins that part only", () => {
  const parts = new TextParts();
  const joined: number[] = [];
  const slice = Array.prototype.slice;
  for (let i = 0; i < 1000; i++) {
    parts.add("ab");
    let taken = 0;
    Array.prototype.slice = function (...args) {
      const got = slice.apply(this, args);
      taken += got.length;
      return got;
    };
    try {
      parts.since(parts.length - 2);
    } finally {
      Array.prototype.slice = slice;
    }
    joined.push(taken);
  }
  expect(Math.max(...joined)).toBe(1);
});
