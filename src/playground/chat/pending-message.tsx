/** A message that was sent and is not part of the transcript yet. */
import { splitAttachments } from "./attachment.ts";
import type { Pending } from "./pending.ts";
import type { SessionStore } from "./session-store.ts";

export function PendingMessage({ message, store }: { message: Pending; store: SessionStore }) {
  const { key, content, state, detail } = message;
  return (
    <article class="from-person pending" aria-label="Your message, not begun yet">
      <div class="bubble">{splitAttachments(content).text || content}</div>
      <p class={state === "refused" ? "alert" : "hint"}>{words(message)}</p>
      {state === "refused" && (
        <p class="actions">
          <button type="button" onClick={() => void store.send(content, {}, key)}>
            Send again
          </button>
          <button type="button" class="quiet" onClick={() => store.forget(key)}>
            Remove
          </button>
        </p>
      )}
      {state === "sending" && detail !== undefined && <p class="hint">{detail}</p>}
    </article>
  );
}

function words({ state, detail }: Pending): string {
  switch (state) {
    case "sending":
      return "Sending …";
    case "waiting":
      return "Accepted; its turn comes.";
    case "refused":
      return `Not taken: ${detail ?? "the server refused it."}`;
  }
}
