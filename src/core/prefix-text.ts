/** Instructions and documents as one text, written the same way every time: it stands in the head of requests, and is named by its digest. Pure. */

export interface PrefixContent {
  instructions?: string | undefined;
  documents?: { title: string; text: string }[] | undefined;
}

export function prefixText({ instructions = "", documents = [] }: PrefixContent): string {
  const parts = documents.map(({ title, text }) => `<document title=${JSON.stringify(title)}>\n${text}\n</document>`);
  return [...(instructions === "" ? [] : [instructions]), ...parts].join("\n\n");
}
