/** What an app that lists `otel()` finds of a session. Makes no traces, and sends nothing. */
import { accountList, accountObject } from "../../account/account-object.ts";
import type { Agent } from "../../agent/agent.ts";
import type { Bindings, Settings } from "../../env.ts";
import type { ObservedSession } from "../../observe/telemetry.ts";
import { providerOf } from "../turn/turn-model.ts";

interface ObservedSetup extends Pick<ObservedSession, "hold" | "rested"> {
  agent: Agent;
  settings: Settings;
  bindings: Bindings;
}

type SessionRows = Pick<ObservedSession, "storage" | "record" | "log" | "turns" | "feedback" | "feed">;

export function observed(session: SessionRows, { hold, rested, ...setup }: ObservedSetup): ObservedSession {
  const { bindings, agent } = setup;
  return {
    ...{ ...session, hold, rested, agent: agent.name },
    provider: (model) => providerOf(model, setup),
    letters: () => accountObject(bindings, session.record.read().account),
    dropped: (count) => accountList(bindings).addDropped(count),
  };
}
