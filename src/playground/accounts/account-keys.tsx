/** The keys of an account. A new one is shown once; one that is revoked stays in the list. */
import { useState } from "hono/jsx/dom";
import type * as z from "zod/mini";
import type { key } from "../../doors/shapes.ts";
import { adminKey, callAdmin } from "../shell/admin-key.ts";
import { ApiError, call } from "../shell/api.ts";
import { CopyButton } from "../shell/copy-button.tsx";
import { ago } from "../shell/figures.ts";
import { LoadState } from "../shell/load-state.tsx";
import { useLoad } from "../shell/use-load.ts";

type KeyJson = z.infer<typeof key>;

export function AccountKeys({ account }: { account: string }) {
  const path = `/accounts/${account}/keys`;
  const keys = useLoad(path, (signal) => callAdmin<{ keys: KeyJson[] }>(path, { signal }));
  const [made, setMade] = useState<string | undefined>();
  const [fault, setFault] = useState("");
  const attempt = async (work: () => Promise<void>) => {
    try {
      await work();
      setFault("");
      keys.again();
    } catch (error) {
      if (error instanceof ApiError) setFault(error.message);
    }
  };
  const make = () => attempt(async () => setMade((await callAdmin<KeyJson>(path, { method: "POST" })).key));
  const revoke = (id: string) =>
    attempt(async () => {
      // It answers nothing, not even JSON.
      await call(`/v1/admin${path}/${id}`, { method: "DELETE", key: adminKey() });
    });
  return (
    <div>
      <LoadState loading={keys} what="the keys" />
      <ul>
        {(keys.data?.keys ?? []).map((each) => (
          <KeyLine key={each.id} info={each} revoke={() => void revoke(each.id)} />
        ))}
      </ul>
      <div>
        {made !== undefined && (
          <p class="notice">
            The new key, shown once: <code>{made}</code> <CopyButton text={made} label="the new key" />
          </p>
        )}
      </div>
      <p class="actions">
        <button type="button" onClick={() => void make()}>
          Make a key
        </button>
        <span role="alert">{fault}</span>
      </p>
    </div>
  );
}

function KeyLine({ info, revoke }: { info: KeyJson; revoke(): void }) {
  const [asks, setAsks] = useState(false);
  const { id, created_at, revoked_at } = info;
  const about = revoked_at === null ? `made ${ago(created_at, Date.now())}` : `revoked ${ago(revoked_at, Date.now())}`;
  return (
    <li class="row">
      <code>{id}</code> <small>{about}</small>
      <span class="actions">
        {revoked_at === null && !asks && (
          <button type="button" class="quiet" aria-label={`Revoke ${id}`} onClick={() => setAsks(true)}>
            Revoke
          </button>
        )}
        {asks && revoked_at === null && (
          <button type="button" class="danger" onClick={revoke}>
            Revoke it for good
          </button>
        )}
        {asks && revoked_at === null && (
          <button type="button" onClick={() => setAsks(false)}>
            Keep
          </button>
        )}
      </span>
    </li>
  );
}
