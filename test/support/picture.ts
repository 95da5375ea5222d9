/** Pictures of the page for the documents: screenshots with fewer bytes. A picture has its colours in a palette, where there are too many, each becomes one that is near. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { crc32, deflateSync, inflateSync } from "node:zlib";

/** Where pictures are kept; `npm run shots` sets it. */
export const shots = process.env.SHOTS ?? ".wrangler/shots";

export async function savePicture(name: string, png: Buffer): Promise<void> {
  await writeFile(join(shots, `${name}.png`), smallPng(png));
}

/** As many as a pixel of one byte can name. */
const mostColors = 256;
const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);

/** `png`: with 8 bits for each of red, green and blue, as Chromium makes it, or with alpha, which is left out. */
export function smallPng(png: Buffer): Buffer {
  const { width, height, pixels } = decoded(png);
  const palette = paletteOf(pixels);
  const nearest = new Map<number, number>();
  const rows = Buffer.alloc((width + 1) * height);
  for (let at = 0; at < pixels.length; at++) {
    const color = pixels[at] ?? 0;
    const known = nearest.get(color) ?? nearestOf(palette, color);
    nearest.set(color, known);
    // The first byte of each row is its filter: none.
    rows[at + Math.floor(at / width) + 1] = known;
  }
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 3, 0, 0, 0], 8);
  const colors = Buffer.from(palette.flatMap((color) => [color >> 16, (color >> 8) & 255, color & 255]));
  return Buffer.concat([
    signature,
    chunk("IHDR", header),
    chunk("PLTE", colors),
    chunk("IDAT", deflateSync(rows, { level: 9, memLevel: 9 })),
    chunk("IEND", Buffer.alloc(0)),
  ]);
}

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, "latin1"), data]);
  const framed = Buffer.alloc(body.length + 8);
  framed.writeUInt32BE(data.length, 0);
  framed.set(body, 4);
  framed.writeUInt32BE(crc32(body), body.length + 4);
  return framed;
}

/** The colour of each pixel of what `smallPng` made. */
export function coloursOf(small: Buffer): number[] {
  const [palette = Buffer.alloc(0)] = chunksOf(small, "PLTE");
  const width = small.readUInt32BE(16);
  const rows = inflateSync(Buffer.concat(chunksOf(small, "IDAT")));
  const places = [...rows].filter((_, at) => at % (width + 1) !== 0);
  return places.map((place) => palette.readUIntBE(place * 3, 3));
}

interface Picture {
  width: number;
  height: number;
  /** Red, green and blue of each, as one number. */
  pixels: Uint32Array;
}

function decoded(png: Buffer): Picture {
  const width = png.readUInt32BE(16);
  const height = png.readUInt32BE(20);
  const bytes = png[25] === 6 ? 4 : 3;
  const data = inflateSync(Buffer.concat(chunksOf(png, "IDAT")));
  const stride = width * bytes;
  const pixels = new Uint32Array(width * height);
  let above = new Uint8Array(stride);
  for (let y = 0; y < height; y++) {
    const start = y * (stride + 1);
    const row = Uint8Array.from(data.subarray(start + 1, start + 1 + stride));
    unfilter(row, above, { filter: data[start] ?? 0, bytes });
    for (let x = 0; x < width; x++) {
      const [red = 0, green = 0, blue = 0] = row.subarray(x * bytes, x * bytes + 3);
      pixels[y * width + x] = (red << 16) | (green << 8) | blue;
    }
    above = row;
  }
  return { width, height, pixels };
}

function chunksOf(png: Buffer, wanted: string): Buffer[] {
  const found: Buffer[] = [];
  for (let at = signature.length; at < png.length; ) {
    const length = png.readUInt32BE(at);
    if (png.toString("latin1", at + 4, at + 8) === wanted) found.push(png.subarray(at + 8, at + 8 + length));
    at += length + 12;
  }
  return found;
}

/** Undoes the filters of the PNG specification, section 9.2. */
function unfilter(row: Uint8Array, above: Uint8Array, { filter, bytes }: { filter: number; bytes: number }): void {
  for (let at = 0; at < row.length; at++) {
    const left = row[at - bytes] ?? 0;
    const up = above[at] ?? 0;
    const corner = above[at - bytes] ?? 0;
    const predicted = [0, left, up, (left + up) >> 1, paeth(left, up, corner)][filter] ?? 0;
    row[at] = ((row[at] ?? 0) + predicted) & 255;
  }
}

function paeth(left: number, up: number, corner: number): number {
  const guess = left + up - corner;
  const [byLeft, byUp, byCorner] = [Math.abs(guess - left), Math.abs(guess - up), Math.abs(guess - corner)];
  if (byLeft <= byUp && byLeft <= byCorner) return left;
  return byUp <= byCorner ? up : corner;
}

/** The most frequent colours, each at least so far from the others that all of the picture's are near one of them: a small red dot stays red. */
function paletteOf(pixels: Uint32Array): number[] {
  const counts = new Map<number, number>();
  for (const color of pixels) counts.set(color, (counts.get(color) ?? 0) + 1);
  const sorted = [...counts].toSorted(([, one], [, other]) => other - one).map(([color]) => color);
  for (let apart = 0; ; apart++) {
    const palette = coloursApart(sorted, apart ** 2);
    if (palette.length <= mostColors) return palette;
  }
}

function coloursApart(sorted: readonly number[], least: number): number[] {
  const kept: number[] = [];
  for (const color of sorted) {
    if (kept.every((each) => distance(each, color) > least)) kept.push(color);
    if (kept.length > mostColors) break;
  }
  return kept;
}

function nearestOf(palette: readonly number[], color: number): number {
  const distances = palette.map((each) => distance(each, color));
  return distances.indexOf(Math.min(...distances));
}

function distance(one: number, other: number): number {
  const red = (one >> 16) - (other >> 16);
  const green = ((one >> 8) & 255) - ((other >> 8) & 255);
  const blue = (one & 255) - (other & 255);
  return red * red + green * green + blue * blue;
}
