/** What is kept of a Discord message with files until its turn begins, and the message as the model reads it then. A crash in between reads it again; a file that cannot be read is named with the reason. */
import type { Reading, ReadMessage } from "../channel.ts";
import type { DiscordSettings } from "./api.ts";
import { filesText, type KeptFile } from "./files.ts";
import type { DiscordFile } from "./target-message.ts";

export interface DiscordReference {
  channel: "discord";
  /** The message without its files. */
  content: string;
  files: readonly KeptFile[];
}

/** A message of Discord has 10 files, and a forward brings its own; no message has more. */
const mostFiles = 50;
/** A signed address has about 250 characters, of which the file's name is a part. */
const mostChars = 2_000;

/** A reference is kept in a row: only what is needed to read the files, within bounds. */
export function keptReference(content: string, files: readonly DiscordFile[]): DiscordReference {
  const kept = files.slice(0, mostFiles).map(({ filename, size, url, content_type }) => ({
    filename: filename.slice(0, mostChars),
    size,
    // A part of an address leads nowhere.
    url: url.length > mostChars ? "" : url,
    content_type: content_type?.slice(0, 200),
  }));
  return { channel: "discord", content, files: kept };
}

export async function readReference({ reference, signal }: Reading, settings: DiscordSettings): Promise<ReadMessage> {
  const { content, files } = reference as DiscordReference;
  return { content: `${content}${await filesText(files, { settings, signal })}` };
}
