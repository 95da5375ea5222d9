/** Requests the API key and keeps it in this browser. */
import { useState } from "hono/jsx/dom";
import { apiKey, keepApiKey } from "./api.ts";
import { useFocus } from "./use-focus.ts";

export function KeyForm({ refused, saved }: { refused: boolean; saved(): void }) {
  const [key, setKey] = useState(apiKey());
  const field = useFocus<HTMLInputElement>();
  const submit = (event: Event) => {
    event.preventDefault();
    keepApiKey(key.trim());
    saved();
  };
  return (
    <form class="key" onSubmit={submit}>
      <label for="key">API key</label>
      <input
        id="key"
        type="password"
        autocomplete="off"
        value={key}
        ref={field}
        onInput={(event: Event) => setKey((event.target as HTMLInputElement).value)}
      />
      <button type="submit" class="primary">
        Use it
      </button>
      <p role="status">
        {refused
          ? "The server did not accept this key. It is the value of API_KEY, or a key made through /v1/admin."
          : "It is the value of API_KEY, or a key made through /v1/admin. It stays in this browser."}
      </p>
    </form>
  );
}
