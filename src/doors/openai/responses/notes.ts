/** Fields of a request about its response that the model is not sent: kept in the metadata of the message, below names of its own. */

const names = [
  "user",
  "safety_identifier",
  "prompt_cache_key",
  "previous_response_id",
  "conversation",
  "background",
  "store",
  "truncation",
  "reasoning_effort",
  "reasoning_summary",
  "format_name",
  "verbosity",
  "own_tools",
] as const;

/** Strings, as metadata are. */
export type Notes = { [name in (typeof names)[number]]?: string };

/** Begins the name of each note. */
export const notePrefix = "openai.";

/** The client's own metadata with the notes. */
export function writeNotes(own: Record<string, string>, notes: Notes): Record<string, string> {
  const written = names.flatMap((name) => {
    const note = notes[name];
    return note === undefined ? [] : [[`${notePrefix}${name}`, note]];
  });
  return { ...own, ...Object.fromEntries(written) };
}

/** Takes them apart again. */
export function readNotes(metadata: Record<string, string>): { own: Record<string, string>; notes: Notes } {
  const own = Object.entries(metadata).filter(([name]) => !name.startsWith(notePrefix));
  const notes: Notes = {};
  for (const name of names) {
    const note = metadata[`${notePrefix}${name}`];
    if (note !== undefined) notes[name] = note;
  }
  return { own: Object.fromEntries(own), notes };
}
