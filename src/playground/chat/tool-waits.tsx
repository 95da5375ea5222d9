/** What a call waits for: until when, how the signal is sent from a program, and a form that sends it. The form is there where the key of this browser may send it. */
import { useEffect, useState } from "hono/jsx/dom";
import { ApiError, callJson, curlOf, holdsToken } from "../shell/api.ts";
import { CopyButton } from "../shell/copy-button.tsx";
import { Details } from "../shell/details.tsx";
import { ahead } from "../shell/figures.ts";
import type { CallWaits } from "../shell/shapes.ts";
import { isOwnSignal, signalBody, signalPath, waitWords } from "./call-words.ts";

interface ToolWaitsProps {
  /** The id of the call. */
  call: string;
  waits: CallWaits;
  /** To which signals are sent; absent where none can be. */
  session?: string;
}

/** After this time what is left of a wait is shown anew. */
const tickMs = 15_000;

export function ToolWaits({ call, waits, session }: ToolWaitsProps) {
  const [nowMs, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), tickMs);
    return () => clearInterval(timer);
  }, []);
  const sent = session !== undefined && !holdsToken() ? session : undefined;
  return (
    <ul class="tool-waits" aria-label="What it waits for: it goes on when the first of these is over">
      {waits.map((wait) => (
        <li key={`${wait.kind} ${wait.name} ${wait.until}`}>
          <p>
            Waits for {waitWords(wait)}, until <Moment at={wait.until} nowMs={nowMs} />
          </p>
          <div>
            {sent !== undefined && wait.kind === "signal" && !isOwnSignal(wait.name) && (
              <SignalForm call={call} session={sent} name={wait.name} />
            )}
          </div>
        </li>
      ))}
    </ul>
  );
}

function Moment({ at, nowMs }: { at: string; nowMs: number }) {
  return (
    <time datetime={at} title={at}>
      {new Date(at).toLocaleString("en", { dateStyle: "medium", timeStyle: "short" })} ({ahead(at, nowMs)})
    </time>
  );
}

interface SignalFormProps {
  call: string;
  session: string;
  name: string;
}

function SignalForm({ call, session, name }: SignalFormProps) {
  const [value, setValue] = useState("");
  const [answer, setAnswer] = useState({ words: "", isFault: false });
  const [sending, setSending] = useState(false);
  const send = async (event: Event) => {
    event.preventDefault();
    const body = signalBody(value, call);
    if (body === undefined) return setAnswer({ words: "The value is no JSON. A text needs quotes.", isFault: true });
    setSending(true);
    setAnswer(await sendSignal(signalPath(session, name), body));
    setSending(false);
  };
  const command = curlOf({ path: signalPath(session, name), body: { value: true } });
  return (
    <div>
      <form class="row" onSubmit={(event: Event) => void send(event)}>
        <input
          aria-label={`Value of the signal ${name}, as JSON`}
          placeholder="JSON value (optional)"
          maxLength={20_000}
          value={value}
          onInput={(event: Event) => setValue((event.target as HTMLInputElement).value)}
        />
        <button type="submit" class="primary" disabled={sending}>
          Send the signal
        </button>
      </form>
      <p class={answer.isFault ? "fault" : "hint"} role="status">
        {answer.words}
      </p>
      <Details name="Send it from a program">
        {() => (
          <div>
            <pre>{command}</pre>
            <CopyButton text={command} label={`curl for the signal ${name}`} />
          </div>
        )}
      </Details>
    </div>
  );
}

async function sendSignal(path: string, body: object): Promise<{ words: string; isFault: boolean }> {
  try {
    const { status } = await callJson<{ status: "delivered" | "kept" }>(path, { body });
    const words = status === "delivered" ? "Sent: the tool goes on." : "Sent: it is kept until the tool waits for it.";
    return { words, isFault: false };
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    return { words: error.message, isFault: true };
  }
}
