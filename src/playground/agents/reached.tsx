/** How an agent is reached: its doors, its channels with what they still need, and answers that could not be delivered. */
import { useState } from "hono/jsx/dom";
import type { AgentJson, ChannelStateJson, DeliveryJson } from "../../wire/account-shapes.ts";
import type { AgentDetailsJson } from "../../wire/agent-shapes.ts";
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
    callJson<{ deliveries: DeliveryJson[]; channels: ChannelStateJson[] }>("/v1/deliveries?status=dead", { signal }),
  );
  const dead = loading.data?.deliveries ?? [];
  const states = loading.data?.channels ?? [];
  const channels = details?.channels ?? agent.channels.map((name) => ({ name, configured: true, needs: "" }));
  // Every app has callbacks; they are of interest once one was sent.
  const callback = states.some(({ channel }) => channel === "callback");
  const all = [...channels, ...(callback ? [{ name: "callback", configured: true, needs: "" }] : [])];
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
        {all.map(({ name, configured, needs }) => (
          <li key={name}>
            <span class={`dot ${configured ? (hasFailed(stateOf(states, name)) ? "failed" : "live") : "waiting"}`}>
              {name}
            </span>{" "}
            {configured ? lastWords(stateOf(states, name), Date.now()) : `is not configured: it needs ${needs}.`}
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

function stateOf(states: readonly ChannelStateJson[], name: string): ChannelStateJson | undefined {
  return states.find(({ channel }) => channel === name);
}

/** It has failed since it last took an answer. Times are in one form, and compare as texts. */
function hasFailed({ delivered_at, failed_at }: Partial<ChannelStateJson> = {}): boolean {
  return typeof failed_at === "string" && failed_at > (delivered_at ?? "");
}

/** Such as `last took an answer 5 minutes ago.` */
function lastWords(state: ChannelStateJson | undefined, nowMs: number): string {
  if (state === undefined) return "has delivered nothing yet.";
  const { delivered_at, failed_at, error } = state;
  const took = delivered_at === null ? "has taken no answer yet" : `last took an answer ${ago(delivered_at, nowMs)}`;
  return `${took}${failed_at === null ? "." : `; last failed ${ago(failed_at, nowMs)}: ${error ?? ""}`}`;
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
