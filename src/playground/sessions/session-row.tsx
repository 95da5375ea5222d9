/** One session in the list, and what can be done with it. */
import { useState } from "hono/jsx/dom";
import { chatHash } from "../route.ts";
import { ApiError, call, callJson } from "../shell/api.ts";
import { ago, bytes, money } from "../shell/figures.ts";
import { saveFile } from "../shell/save-file.ts";
import type { PageSession } from "../shell/shapes.ts";
import { useFocus } from "../shell/use-focus.ts";
import { outcomeOf } from "./outcome.ts";

interface SessionRowProps {
  session: PageSession;
  depth: number;
  /** Called with the session as it is now; `undefined`: it is gone. */
  changed(id: string, session: PageSession | undefined): void;
  notify(text: string): void;
}

export function SessionRow({ session, depth, changed, notify }: SessionRowProps) {
  const { id, title, usage, created_at, last_seq } = session;
  const outcome = outcomeOf(session);
  const [doing, setDoing] = useState<"nothing" | "renaming" | "deleting">("nothing");
  const attempt = async (work: () => Promise<void>) => {
    try {
      await work();
      setDoing("nothing");
    } catch (error) {
      if (error instanceof ApiError) notify(error.message);
    }
  };
  const rename = (name: string) =>
    attempt(async () => {
      const body = { title: name.trim() === "" ? null : name.trim() };
      changed(id, await callJson<PageSession>(`/v1/sessions/${id}`, { method: "PATCH", body }));
      notify("Renamed.");
    });
  const erase = () =>
    attempt(async () => {
      const { deleted } = await callJson<EraseReceipt>(`/v1/sessions/${id}`, { method: "DELETE" });
      changed(id, undefined);
      notify(`Erased “${title ?? id}”: ${deleted.entries} entries, ${bytes(deleted.bytes)}.`);
    });
  return (
    <li class={`depth-${Math.min(depth, 4)}`}>
      <div class="name">
        {doing === "renaming" ? (
          <TitleForm title={title ?? ""} save={rename} leave={() => setDoing("nothing")} />
        ) : (
          <a href={chatHash(id)}>{title ?? id}</a>
        )}
        <p class="facts">
          <span class={`dot ${outcome.dot}`}>{outcome.words}</span>
          <span title={created_at}>begun {ago(created_at, Date.now())}</span>
          <span>{last_seq} entries</span>
          <span>{money(usage.cost_micros)}</span>
          {depth > 0 && <span>fork at entry {session.forked_from?.after_seq}</span>}
        </p>
      </div>
      {doing === "deleting" ? (
        <p class="actions">
          <span>Erase it for good?</span>
          <button type="button" class="danger" onClick={() => void erase()}>
            Erase
          </button>
          <button type="button" onClick={() => setDoing("nothing")}>
            Keep
          </button>
        </p>
      ) : (
        <p class="actions">
          <button type="button" aria-label={`Rename ${title ?? id}`} onClick={() => setDoing("renaming")}>
            Rename
          </button>
          <button type="button" aria-label={`Export ${title ?? id}`} onClick={() => void attempt(() => save(id))}>
            Export
          </button>
          <button type="button" aria-label={`Delete ${title ?? id}`} onClick={() => setDoing("deleting")}>
            Delete
          </button>
        </p>
      )}
    </li>
  );
}

interface EraseReceipt {
  deleted: { entries: number; bytes: number };
}

function TitleForm({ title, save, leave }: { title: string; save(name: string): void; leave(): void }) {
  const [name, setName] = useState(title);
  const field = useFocus<HTMLInputElement>();
  const submit = (event: Event) => {
    event.preventDefault();
    save(name);
  };
  return (
    <form class="row" onSubmit={submit} onKeyDown={(event: KeyboardEvent) => event.key === "Escape" && leave()}>
      <input
        aria-label="Title"
        maxLength={200}
        value={name}
        ref={field}
        onInput={(event: Event) => setName((event.target as HTMLInputElement).value)}
      />
      <button type="submit" class="primary">
        Save
      </button>
      <button type="button" onClick={leave}>
        Cancel
      </button>
    </form>
  );
}

/** The transcript as a file. */
async function save(id: string): Promise<void> {
  saveFile(`${id}.jsonl`, await (await call(`/v1/sessions/${id}/export`)).blob());
}
