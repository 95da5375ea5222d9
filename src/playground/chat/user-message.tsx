/** A person's message, with its files; it can be edited, which goes on in a fork. */
import { useState } from "hono/jsx/dom";
import { bytes } from "../shell/figures.ts";
import { useFocus } from "../shell/use-focus.ts";
import { splitAttachments } from "./attachment.ts";
import type { ItemView } from "./item-view.ts";

type UserLine = Extract<ItemView, { kind: "user" }>;

interface UserMessageProps {
  item: UserLine;
  /** Goes on in a fork: after entry `afterSeq`, with this message. */
  fork(afterSeq: number, content: string): Promise<void>;
}

export function UserMessage({ item, fork }: UserMessageProps) {
  const [edited, setEdited] = useState<string | undefined>();
  const { content = "", speaker, joined, seq } = item;
  const { text, files } = splitAttachments(content);
  return (
    <article class="from-person" aria-label={speaker === undefined ? "You said" : `${speaker} said`}>
      {(speaker !== undefined || joined) && (
        <p class="hint">{[speaker, joined ? "joined the turn" : undefined].filter(Boolean).join(" · ")}</p>
      )}
      {edited === undefined ? (
        <div class="bubble">
          {text}
          {files.map((file) => (
            <details class="file" key={file.name}>
              <summary>
                {file.name} · {bytes(file.text.length)}
              </summary>
              <pre class="plain">{file.text}</pre>
            </details>
          ))}
        </div>
      ) : (
        <EditField text={edited} change={setEdited} leave={() => setEdited(undefined)} />
      )}
      <p class="actions">
        {edited === undefined && !joined && item.content !== undefined && (
          <button type="button" class="quiet" onClick={() => setEdited(content)}>
            Edit
          </button>
        )}
        {edited !== undefined && (
          <button
            type="button"
            class="primary"
            disabled={edited.trim() === ""}
            onClick={() => void fork(seq - 1, edited)}
          >
            Continue in a fork
          </button>
        )}
        {edited !== undefined && (
          <button type="button" class="quiet" onClick={() => setEdited(undefined)}>
            Cancel
          </button>
        )}
      </p>
    </article>
  );
}

/** Has the focus at once, and is left by Escape. */
function EditField({ text, change, leave }: { text: string; change(text: string): void; leave(): void }) {
  const field = useFocus<HTMLTextAreaElement>();
  return (
    <textarea
      class="bubble"
      aria-label="Your message, edited"
      ref={field}
      value={text}
      onInput={(event: Event) => change((event.target as HTMLTextAreaElement).value)}
      onKeyDown={(event: KeyboardEvent) => event.key === "Escape" && leave()}
    />
  );
}
