/** Channels as an app has them with these settings. */

import { type App, makeApp } from "../../src/agent/app.ts";
import type { Channel } from "../../src/channels/define-channel.ts";
import { discord, slack } from "../../src/doors/channels/listed.ts";
import { bindings } from "./session-world.ts";

export function configuredChannels(
  vars: Record<string, string> = {},
  channels: readonly Channel[] = [slack(), discord()],
): App["channels"] {
  const definition = { agents: { assistant: { instructions: "Is not asked." } } };
  return makeApp(definition, { doors: [], channels }, { ...bindings, ...vars }).channels;
}
