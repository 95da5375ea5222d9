/** Erases an account with all its sessions, once its id was typed; shows what was erased, and how much is left to do. */
import { useState } from "hono/jsx/dom";
import { callAdmin } from "../shell/admin-key.ts";
import { ApiError } from "../shell/api.ts";

interface EraseAccountProps {
  account: string;
  changed(): void;
}

export function EraseAccount({ account, changed }: EraseAccountProps) {
  const [typed, setTyped] = useState("");
  const [isSent, setSent] = useState(false);
  const [receipt, setReceipt] = useState("");
  const [fault, setFault] = useState("");
  const erase = async (event: Event) => {
    event.preventDefault();
    setSent(true);
    try {
      setReceipt(JSON.stringify(await callAdmin<object>(`/accounts/${account}`, { method: "DELETE" }), null, 2));
      setFault("");
    } catch (error) {
      if (error instanceof ApiError) setFault(error.message);
    }
    setSent(false);
  };
  if (receipt !== "")
    return (
      <div>
        <p>The receipt. Keep it: the account is gone with it.</p>
        <pre class="plain">{receipt}</pre>
        <button type="button" onClick={changed}>
          Done
        </button>
      </div>
    );
  return (
    <form class="filters" onSubmit={(event: Event) => void erase(event)}>
      <label>
        Type {account} to erase it with all its sessions, for good
        <input
          autocomplete="off"
          value={typed}
          onInput={(event: Event) => setTyped((event.target as HTMLInputElement).value)}
        />
      </label>
      <button type="submit" class="danger" disabled={isSent || typed !== account}>
        {isSent ? "Erasing …" : "Erase"}
      </button>
      <span role="alert">{fault}</span>
    </form>
  );
}
