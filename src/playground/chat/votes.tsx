/** What the person thinks of an answer: good or bad, and why. A vote that was given is read again when the answer comes into view. */
import { useLayoutEffect, useRef, useState } from "hono/jsx/dom";
import type { FeedbackJson, TurnJson } from "../../wire/shapes.ts";
import { ApiError, callJson } from "../shell/api.ts";
import { useFocus } from "../shell/use-focus.ts";

interface VotesProps {
  session: string;
  turn: string;
}

export function Votes({ session, turn }: VotesProps) {
  const [given, setGiven] = useState<Pick<FeedbackJson, "score" | "comment"> | undefined>();
  const [asks, setAsks] = useState(false);
  const [fault, setFault] = useState("");
  const place = useRef<HTMLElement>(null);
  useLayoutEffect(() => whenSeen(place.current, () => void read()), []);
  const read = async () => {
    const path = `/v1/sessions/${session}/turns/${turn}`;
    // Without it the buttons are as they were: nothing is lost.
    const { feedback } = await callJson<TurnJson>(path).catch((): Partial<TurnJson> => ({}));
    if (feedback) setGiven((now) => now ?? feedback);
  };
  // One after the other: the answer to a vote that was sent before must not come last, and replace what came after it.
  const last = useRef(Promise.resolve());
  const vote = (score: number, comment?: string) => {
    setAsks(score < 0 && comment === undefined);
    last.current = (last.current ?? Promise.resolve()).then(() => sendVote(score, comment));
    return last.current;
  };
  const sendVote = async (score: number, comment?: string) => {
    try {
      const body = { turn, score, ...(comment !== undefined && comment !== "" && { comment }) };
      const { feedback } = await callJson<{ feedback: FeedbackJson }>(`/v1/sessions/${session}/feedback`, { body });
      setGiven(feedback);
      setFault("");
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      setFault(error.message);
    }
  };
  const pressed = (isThis: boolean) => (isThis ? "true" : "false");
  return (
    <span class="votes" ref={place}>
      <button type="button" class="quiet" aria-pressed={pressed((given?.score ?? 0) > 0)} onClick={() => void vote(1)}>
        Good
      </button>
      <button type="button" class="quiet" aria-pressed={pressed((given?.score ?? 0) < 0)} onClick={() => void vote(-1)}>
        Bad
      </button>
      <span class="why">
        {asks && <WhyForm send={(comment) => void vote(-1, comment)} leave={() => setAsks(false)} />}
      </span>
      <span class="fault" role="alert">
        {fault}
      </span>
      <span class="comment">{given?.comment ? `“${given.comment}”` : ""}</span>
    </span>
  );
}

function WhyForm({ send, leave }: { send(comment: string): void; leave(): void }) {
  const [comment, setComment] = useState("");
  const field = useFocus<HTMLInputElement>();
  const submit = (event: Event) => {
    event.preventDefault();
    send(comment.trim());
    leave();
  };
  return (
    <form class="row" onSubmit={submit} onKeyDown={(event: KeyboardEvent) => event.key === "Escape" && leave()}>
      <input
        aria-label="What was wrong with the answer"
        placeholder="What was wrong? (optional)"
        maxLength={4_000}
        value={comment}
        ref={field}
        onInput={(event: Event) => setComment((event.target as HTMLInputElement).value)}
      />
      <button type="submit">Send</button>
    </form>
  );
}

/** Calls `see` once, when the element is on the screen. Returns what ends the watch. */
function whenSeen(element: HTMLElement | null, see: () => void): () => void {
  if (element === null) return () => {};
  const watch = new IntersectionObserver((entries) => {
    if (!entries.some(({ isIntersecting }) => isIntersecting)) return;
    watch.disconnect();
    see();
  });
  watch.observe(element);
  return () => watch.disconnect();
}
