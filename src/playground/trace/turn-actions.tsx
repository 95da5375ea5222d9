/** What can be done with a turn: read it in its chat, compare it, rate it, keep it as a case of an evaluation, and take it along. */
import { useState } from "hono/jsx/dom";
import type { TurnJson } from "../../wire/shapes.ts";
import type { ShownTurn } from "../chat/turn-view.ts";
import { Votes } from "../chat/votes.tsx";
import { chatHash, compareHash } from "../route.ts";
import { ApiError, callJson, curlOf } from "../shell/api.ts";
import { CopyButton } from "../shell/copy-button.tsx";
import { saveFile } from "../shell/save-file.ts";
import type { PageEntry } from "../shell/shapes.ts";
import type { OtlpTrace } from "./spans.ts";

interface TurnActionsProps {
  session: string;
  turn: string;
  /** Absent while it is read, or where there is none. */
  view: ShownTurn | undefined;
}

export function TurnActions({ session, turn, view }: TurnActionsProps) {
  const [fault, setFault] = useState("");
  const first = view?.items[0];
  const content = first?.kind === "user" ? first.content : undefined;
  const download = async () => {
    try {
      await saveTurn(session, turn, view?.entries ?? []);
      setFault("");
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      setFault(error.message);
    }
  };
  const asked = content && curlOf({ path: `/v1/sessions/${session}/messages`, body: { content } });
  const kept = `npx longline eval add --session ${session} --turn ${turn} --url ${location.origin}`;
  return (
    <div class="actions turn-actions">
      <a href={chatHash(session, turn)}>Open in the chat</a>
      <a href={compareHash({ session, turn })}>Compare</a>
      <span>
        {view?.end && (
          <button type="button" class="quiet" onClick={() => void download()}>
            Download as JSON
          </button>
        )}
      </span>
      <span>{asked && <CopyButton text={asked} words="Copy as curl" label="the request that began the turn" />}</span>
      <span>
        {view?.end && <CopyButton text={kept} words="Copy as an evaluation case" label="a command of longline eval" />}
      </span>
      <span>{view?.end && <Votes session={session} turn={turn} />}</span>
      <span role="alert">{fault}</span>
    </div>
  );
}

/** As the API answers for it: the turn, its entries, and its trace. */
async function saveTurn(session: string, turn: string, entries: readonly PageEntry[]): Promise<void> {
  const path = `/v1/sessions/${session}/turns/${turn}`;
  const [about, trace] = await Promise.all([callJson<TurnJson>(path), callJson<OtlpTrace>(`${path}/trace`)]);
  const text = JSON.stringify({ turn: about, entries, trace }, null, 2);
  saveFile(`${session}-${turn}.json`, new Blob([text], { type: "application/json" }));
}
