/** How an agent is reached: its doors, its channels with what they still need, and answers that could not be delivered. */
import { useState } from "hono/jsx/dom";
import type { AgentDetailsJson } from "../../wire/agent-shapes.ts";
import type { AgentJson, DeliveryJson } from "../../wire/shapes.ts";
import { chatHash } from "../route.ts";
import { ApiError, call, callJson } from "../shell/api.ts";
import { ago } from "../shell/figures.ts";
import { LoadState } from "../shell/load-state.tsx";
import { useLoad } from "../shell/use-load.ts";

interface ReachedProps {
  agent: AgentJson;
  details: AgentDetailsJson | undefined;
}

export function Reached({ agent, details }: ReachedProps) {
  const loading = useLoad("dead", (signal) =>
    callJson<{ deliveries: DeliveryJson[] }>("/v1/deliveries?status=dead", { signal }),
  );
  const dead = loading.data?.deliveries ?? [];
  const lastOf = (name: string) => dead.find(({ channel }) => channel === name);
  const channels = details?.channels ?? agent.channels.map((name) => ({ name, configured: true, needs: "" }));
  return (
    <section aria-label="Doors and channels">
      <h2>Doors and channels</h2>
      <p class="facts">
        <span>native</span>
        {agent.doors.map((door) => (
          <span key={door}>{door}</span>
        ))}
      </p>
      <ul class="plain-list">
        {channels.map(({ name, configured, needs }) => (
          <li key={name}>
            <span class={`dot ${configured ? (lastOf(name) ? "failed" : "live") : "waiting"}`}>{name}</span>{" "}
            {configured ? lastWords(lastOf(name)) : `is not configured: it needs ${needs}.`}
          </li>
        ))}
      </ul>
      <LoadState loading={loading} what="what could not be delivered" />
      <ul class="plain-list">
        {dead.slice(0, 20).map((delivery) => (
          <DeadDelivery key={delivery.id} delivery={delivery} sent={loading.again} />
        ))}
      </ul>
    </section>
  );
}

function lastWords(dead: DeliveryJson | undefined): string {
  if (dead === undefined) return "has no answer that could not be delivered.";
  return `could not deliver ${dead.died_at === undefined ? "" : `${ago(dead.died_at, Date.now())}: `}${dead.error ?? ""}`;
}

function DeadDelivery({ delivery, sent }: { delivery: DeliveryJson; sent(): void }) {
  const { id, session, turn, channel, url, error, broken } = delivery;
  const [fault, setFault] = useState("");
  const retry = async () => {
    try {
      await call(`/v1/deliveries/${encodeURIComponent(id)}/retry`, { method: "POST" });
      sent();
    } catch (error) {
      if (error instanceof ApiError) setFault(error.message);
    }
  };
  return (
    <li>
      {session !== undefined && <a href={chatHash(session, turn)}>{session}</a>} to {channel ?? "a channel"} {url}:{" "}
      {error ?? broken}{" "}
      <button type="button" class="quiet" aria-label={`Deliver again: ${id}`} onClick={() => void retry()}>
        Deliver again
      </button>
      <span role="alert">{fault}</span>
    </li>
  );
}
