/** One account: what it has spent of its budget, its limits, its keys, and its end. */
import { useState } from "hono/jsx/dom";
import { callAdmin } from "../shell/admin-key.ts";
import { ApiError } from "../shell/api.ts";
import { Choice } from "../shell/choice.tsx";
import { Details } from "../shell/details.tsx";
import { ago, money } from "../shell/figures.ts";
import { lastDays, type SumsBy } from "../usage/read-usage.ts";
import { UsageTable } from "../usage/usage-table.tsx";
import { AccountKeys } from "./account-keys.tsx";
import { type AccountJson, type LimitTexts, limitChange, limitTexts, spentShare } from "./limits.ts";

interface AccountCardProps {
  account: AccountJson;
  changed(): void;
}

export function AccountCard({ account, changed }: AccountCardProps) {
  const { id, spent_micros, reserved_micros, budget_micros, budget_period, budget_resets_at } = account;
  const { rate_per_minute, models, created_at } = account;
  return (
    <section class="card" aria-label={`Account ${id}`}>
      <h2>{id}</h2>
      <p class="facts">
        <span>
          {money(spent_micros)} spent{budget_micros === null ? ", no budget" : ` of ${money(budget_micros)}`}
          {budget_micros !== null && budget_period === "month" && " this month"}
        </span>
        {budget_resets_at !== null && <span>begins anew on {budget_resets_at.slice(0, 10)}</span>}
        {reserved_micros > 0 && <span>{money(reserved_micros)} reserved by turns that run</span>}
        <span>{rate_per_minute === null ? "no rate" : `${rate_per_minute} requests a minute`}</span>
        <span>{models === null ? "all models" : models.join(", ")}</span>
        <span title={created_at}>made {ago(created_at, Date.now())}</span>
      </p>
      <BudgetBar share={spentShare(account)} />
      <Details name="Usage">{() => <AccountUsage account={id} />}</Details>
      <Details name="Limits">{() => <LimitForm account={account} changed={changed} />}</Details>
      <Details name="Keys">{() => <AccountKeys account={id} />}</Details>
      <Details name="Erase">{() => <EraseAccount account={id} changed={changed} />}</Details>
    </section>
  );
}

const groups: readonly SumsBy[] = ["model", "agent", "version", "day", "session"];

/** What it used in the last 30 days. */
function AccountUsage({ account }: { account: string }) {
  const [group, setGroup] = useState<SumsBy>("model");
  return (
    <div>
      <Choice
        label={`Usage of ${account} by`}
        value={group}
        choose={(chosen) => setGroup(chosen as SumsBy)}
        options={groups.map((each): [string, string] => [each, `by ${each}, last 30 days`])}
      />
      <UsageTable key={group} group={group} range={lastDays(30)} account={account} />
    </div>
  );
}

function BudgetBar({ share }: { share: number | null }) {
  if (share === null) return <div class="budget" />;
  return (
    <div class="budget chart">
      <svg width="100%" height="8" role="img" aria-label={`${Math.round(share * 100)} % of the budget`}>
        <rect class="lane" width="100%" height="8" rx="3" />
        <rect class={share >= 0.9 ? "failed" : "series0"} width={`${share * 100}%`} height="8" rx="3" />
      </svg>
    </div>
  );
}

function LimitForm({ account, changed }: AccountCardProps) {
  const [texts, setTexts] = useState<LimitTexts>(limitTexts(account));
  const [words, setWords] = useState("");
  const submit = async (event: Event) => {
    event.preventDefault();
    const body = limitChange(texts);
    if (typeof body === "string") return setWords(body);
    try {
      await callAdmin(`/accounts/${account.id}`, { method: "PATCH", body });
      setWords("Saved.");
      changed();
    } catch (error) {
      if (error instanceof ApiError) setWords(error.message);
    }
  };
  const field = (name: keyof LimitTexts, label: string, placeholder: string) => (
    <label>
      {label}
      <input
        placeholder={placeholder}
        value={texts[name]}
        onInput={(event: Event) => setTexts({ ...texts, [name]: (event.target as HTMLInputElement).value })}
      />
    </label>
  );
  return (
    <form class="filters" onSubmit={(event: Event) => void submit(event)}>
      {field("budget", "Budget, $", "none")}
      <label>
        Budget for
        <select
          value={texts.period}
          onChange={(event: Event) => setTexts({ ...texts, period: (event.target as HTMLSelectElement).value })}
        >
          <option value="total">all time</option>
          <option value="month">each month</option>
        </select>
      </label>
      {field("rate", "Requests a minute", "any")}
      {field("models", "Models, with commas", "all")}
      <button type="submit">Save</button>
      <span role="status">{words}</span>
    </form>
  );
}

/** Once its id was typed; shows what was erased, and how much is left to do. */
function EraseAccount({ account, changed }: { account: string; changed(): void }) {
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
