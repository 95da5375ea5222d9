/** What an app that lists `otel()` finds of a session. Makes no traces, and sends nothing. */
import { accountList, accountObject } from "../../account/account.ts";
import type { Agent } from "../../agent/agent.ts";
import type { Bindings, Settings } from "../../env.ts";
import type { ObservedSession } from "../../observe/telemetry.ts";
import type { SessionParts } from "../session-parts.ts";
import { providerOf } from "../turn/turn-model.ts";

interface ObservedSetup extends Pick<ObservedSession, "hold" | "rested"> {
  agent: Agent;
  settings: Settings;
  bindings: Bindings;
}

export function observed(parts: SessionParts, { hold, rested, ...setup }: ObservedSetup): ObservedSession {
  const { bindings, agent } = setup;
  return {
    ...{ ...parts, hold, rested, agent: agent.name },
    provider: (model) => providerOf(model, setup),
    letters: () => accountObject(bindings, parts.record.read().account),
    dropped: (count) => accountList(bindings).addDropped(count),
  };
}
