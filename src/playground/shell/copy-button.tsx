/** Copies a text. Where that is not allowed it says so. */
import { useState } from "hono/jsx/dom";

interface CopyButtonProps {
  text: string;
  /** For those who do not see what it belongs to. */
  label: string;
  words?: string;
}

export function CopyButton({ text, label, words: first = "Copy" }: CopyButtonProps) {
  const [words, setWords] = useState(first);
  const copy = async () => {
    await navigator.clipboard.writeText(text).then(
      () => setWords("Copied"),
      () => setWords("Not allowed"),
    );
    setTimeout(() => setWords(first), 1_500);
  };
  return (
    <button type="button" class="quiet" aria-label={`${words}: ${label}`} onClick={() => void copy()}>
      {words}
    </button>
  );
}
