/** The pictures of README and documents: that each is there and small, and that making them small keeps what they show. */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { deflateSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { coloursOf, smallPng } from "./support/picture.ts";

const mostBytes = 60_000;
const documents = ["README.md", "OPERATING.md", ...readdirSync("docs").map((name) => join("docs", name))];

/** A picture of these colours as Chromium would make it; each row with the next one of the five filters. */
function pngOf(rows: readonly (readonly number[])[]): Buffer {
  const width = rows[0]?.length ?? 0;
  const bytes = rows.map((row) => row.flatMap((color) => [color >> 16, (color >> 8) & 255, color & 255]));
  const filtered = bytes.flatMap((row, y) => {
    const filter = y % 5;
    return [filter, ...row.map((value, at) => (value - predicted(bytes, { y, at, filter })) & 255)];
  });
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(rows.length, 4);
  header.set([8, 2, 0, 0, 0], 8);
  const chunk = (type: string, data: Buffer) => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(data.length, 0);
    return Buffer.concat([length, Buffer.from(type), data, Buffer.alloc(4)]);
  };
  return Buffer.concat([Buffer.alloc(8), chunk("IHDR", header), chunk("IDAT", deflateSync(Buffer.from(filtered)))]);
}

/** PNG specification, section 9.2: what a filter takes away. */
function predicted(rows: readonly number[][], { y, at, filter }: { y: number; at: number; filter: number }): number {
  const left = rows[y]?.[at - 3] ?? 0;
  const up = rows[y - 1]?.[at] ?? 0;
  const corner = rows[y - 1]?.[at - 3] ?? 0;
  const guess = left + up - corner;
  const nearest = [left, up, corner].toSorted((one, other) => Math.abs(guess - one) - Math.abs(guess - other))[0] ?? 0;
  return [0, left, up, Math.floor((left + up) / 2), nearest][filter] ?? 0;
}

describe("pictures of the documents", () => {
  it.each(documents)("[DOCS-15] those of %s are there, and small", (document) => {
    const shown = [...readFileSync(document, "utf8").matchAll(/!\[[^\]]*\]\(([^)]+)\)/g)];
    for (const [, path = ""] of shown)
      expect(statSync(join(dirname(document), path)).size, path).toBeLessThanOrEqual(mostBytes);
  });

  it("[DOCS-15] a picture with at most 256 colours keeps each of its pixels, whatever filter its rows have", () => {
    const rows = Array.from({ length: 11 }, (_, y) =>
      Array.from({ length: 23 }, (_, x) => ((x * 11) << 16) | (((y * 23) & 255) << 8) | ((x * y) & 255)),
    );
    const colours = new Set(rows.flat());
    expect(colours.size).toBeLessThanOrEqual(256);
    expect(coloursOf(smallPng(pngOf(rows)))).toEqual(rows.flat());
  });

  it("[DOCS-15] with more colours each becomes one that is near, and a rare one that has none near it stays", () => {
    const frequent = Array.from({ length: 256 }, (_, at) => at << 8);
    const rows = [frequent, frequent, [...frequent.slice(0, 255), 0xff_00_00]];
    const shown = coloursOf(smallPng(pngOf(rows)));
    expect(shown.at(-1)).toBe(0xff_00_00);
    const away = rows.flat().map((color, at) => Math.abs((color >> 8) - ((shown[at] ?? 0) >> 8)));
    expect(Math.max(...away)).toBeLessThanOrEqual(2);
  });
});
