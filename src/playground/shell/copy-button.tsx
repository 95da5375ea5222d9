/** Copies a text. Where that is not allowed it says so. */
import { useState } from "hono/jsx/dom";

/** `label`: for those who do not see what it belongs to. */
export function CopyButton({ text, label }: { text: string; label: string }) {
  const [words, setWords] = useState("Copy");
  const copy = async () => {
    await navigator.clipboard.writeText(text).then(
      () => setWords("Copied"),
      () => setWords("Not allowed"),
    );
    setTimeout(() => setWords("Copy"), 1_500);
  };
  return (
    <button type="button" class="quiet" aria-label={`${words}: ${label}`} onClick={() => void copy()}>
      {words}
    </button>
  );
}
