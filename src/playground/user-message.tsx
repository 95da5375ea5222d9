/** A person's message, with its files; it can be edited, which goes on in a fork. */
import { useState } from "hono/jsx/dom";
import { splitAttachments } from "./attachment.ts";
import { bytes } from "./figures.ts";
import type { ItemView } from "./turn-view.ts";

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
    <section class="said" aria-label={speaker === undefined ? "You said" : `${speaker} said`}>
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
        <textarea
          class="bubble"
          aria-label="Your message, edited"
          value={edited}
          onInput={(event: Event) => setEdited((event.target as HTMLTextAreaElement).value)}
        />
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
    </section>
  );
}
