/** The accounts of this Worker, for who has its ADMIN_KEY: what each has spent, its limits, its keys. */
import { useState } from "hono/jsx/dom";
import { adminKey, callAdmin, keepAdminKey } from "../shell/admin-key.ts";
import { ApiError } from "../shell/api.ts";
import { money } from "../shell/figures.ts";
import { LoadState } from "../shell/load-state.tsx";
import { useLoad } from "../shell/use-load.ts";
import { AccountCard } from "./account-card.tsx";
import type { AccountJson } from "./limits.ts";

/** How many accounts are read at once. */
const pageAccounts = 20;

export function AccountsPage() {
  const [key, setKey] = useState(adminKey());
  const use = (given: string) => {
    keepAdminKey(given);
    setKey(given);
  };
  return (
    <div class="sheet">
      <h1>Accounts</h1>
      <div>{key === "" ? <AdminKeyForm use={use} /> : <AccountList key={key} leave={() => use("")} />}</div>
    </div>
  );
}

function AdminKeyForm({ use }: { use(key: string): void }) {
  const [key, setKey] = useState("");
  const submit = (event: Event) => {
    event.preventDefault();
    use(key.trim());
  };
  return (
    <form class="key" onSubmit={submit}>
      <label for="admin-key">Admin key</label>
      <input
        id="admin-key"
        type="password"
        autocomplete="off"
        value={key}
        onInput={(event: Event) => setKey((event.target as HTMLInputElement).value)}
      />
      <button type="submit" class="primary" disabled={key.trim() === ""}>
        Use it
      </button>
      <p>It is the value of ADMIN_KEY. It is kept until this tab is closed, and sent to this server alone.</p>
    </form>
  );
}

function AccountList({ leave }: { leave(): void }) {
  const ids = useLoad("accounts", (signal) => callAdmin<{ accounts: string[] }>("/accounts", { signal }));
  const [shown, setShown] = useState(pageAccounts);
  const all = ids.data?.accounts ?? [];
  const some = all.slice(0, shown);
  const accounts = useLoad(some.join(" "), (signal) => readAccounts(some, signal));
  const again = () => {
    ids.again();
    accounts.again();
  };
  return (
    <div class="accounts">
      <p class="actions">
        <button type="button" class="quiet" onClick={leave}>
          Forget the admin key
        </button>
      </p>
      <LoadState loading={ids} what="the accounts" />
      <div>{ids.data && <NewAccount made={ids.again} />}</div>
      <div>
        {ids.data && all.length === 0 && (
          <p class="notice">There are no accounts but the default one, which API_KEY opens.</p>
        )}
        {all.length > 0 && <LoadState loading={accounts} what="the accounts" />}
      </div>
      <ul class="cards">
        {(accounts.data ?? []).map((account) => (
          <li key={account.id}>
            <AccountCard account={account} changed={again} />
          </li>
        ))}
      </ul>
      <p class="actions">
        {all.length > shown && (
          <button type="button" onClick={() => setShown(shown + pageAccounts)}>
            Show more of {all.length}
          </button>
        )}
        <span>{accounts.data && all.length > 0 && `${money(spentBy(accounts.data))} spent by those shown`}</span>
      </p>
    </div>
  );
}

function readAccounts(ids: readonly string[], signal: AbortSignal): Promise<AccountJson[]> {
  return Promise.all(ids.map((id) => callAdmin<AccountJson>(`/accounts/${id}`, { signal })));
}

function spentBy(accounts: readonly AccountJson[]): number {
  return accounts.reduce((sum, { spent_micros }) => sum + spent_micros, 0);
}

function NewAccount({ made }: { made(): void }) {
  const [id, setId] = useState("");
  const [fault, setFault] = useState("");
  const submit = async (event: Event) => {
    event.preventDefault();
    try {
      await callAdmin("/accounts", { body: id.trim() === "" ? {} : { id: id.trim() } });
      setId("");
      setFault("");
      made();
    } catch (error) {
      if (error instanceof ApiError) setFault(error.message);
    }
  };
  return (
    <form class="filters" aria-label="New account" onSubmit={(event: Event) => void submit(event)}>
      <label>
        New account
        <input
          placeholder="its id, or empty"
          maxLength={40}
          value={id}
          onInput={(event: Event) => setId((event.target as HTMLInputElement).value)}
        />
      </label>
      <button type="submit">Make it</button>
      <span role="alert">{fault}</span>
    </form>
  );
}
