/** Pictures of the page for the documents: screenshots with a palette of at most 256 colours, a third of Chromium's bytes. */
import { join } from "node:path";
import sharp from "sharp";

/** Where pictures are kept; `npm run shots` sets it. */
export const shots = process.env.SHOTS ?? ".wrangler/shots";

export async function savePicture(name: string, png: Buffer): Promise<void> {
  // Without dither, whose speckles on plain areas cost bytes.
  await sharp(png)
    .png({ palette: true, colours: 256, dither: 0, effort: 10, compressionLevel: 9 })
    .toFile(join(shots, `${name}.png`));
}
