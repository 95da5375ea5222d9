/** Adds text files to a message, and shows which there are. Takes nothing that is no text, or longer than what a message can carry. */
import { useRef } from "hono/jsx/dom";
import { bytes } from "../shell/figures.ts";
import { type Attachment, longestFileBytes } from "./attachment.ts";

export function AttachButton({ add, fail }: { add(file: Attachment): void; fail(why: string): void }) {
  const input = useRef<HTMLInputElement>(null);
  const chosen = async () => {
    fail("");
    for (const file of input.current?.files ?? []) {
      const text = file.size <= longestFileBytes ? await file.text() : "";
      if (file.size > longestFileBytes)
        fail(`${file.name} has ${bytes(file.size)}; ${bytes(longestFileBytes)} are the most. Attach a part of it.`);
      else if (/[\0\uFFFD]/.test(text)) fail(`${file.name} is no text in UTF-8. Attach a text file.`);
      else add({ name: file.name, text });
    }
    if (input.current) input.current.value = "";
  };
  return (
    <span>
      <input ref={input} type="file" multiple hidden aria-label="Files to attach" onInput={() => void chosen()} />
      <button type="button" class="quiet" onClick={() => input.current?.click()}>
        Attach
      </button>
    </span>
  );
}

export function FileChips({ files, remove }: { files: readonly Attachment[]; remove(name: string): void }) {
  return (
    <ul class="chips" aria-label="Attached files">
      {files.map(({ name, text }) => (
        <li key={name}>
          {name} · {bytes(text.length)}
          <button type="button" class="quiet" aria-label={`Remove ${name}`} onClick={() => remove(name)}>
            ×
          </button>
        </li>
      ))}
    </ul>
  );
}
