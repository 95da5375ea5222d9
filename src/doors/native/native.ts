/** The native door, which every app has: Longline's own HTTP API. Start reading here: which path leads to which file. */

import type { DoorRoute } from "../door.ts";
import { front } from "../front.ts";
import { agents } from "./agents.ts";
import { answers } from "./answers.ts";
import { copies } from "./copies.ts";
import { deliveries } from "./deliveries.ts";
import { messages } from "./messages.ts";
import { prefixDoctor } from "./prefix-doctor.ts";
import { sessions } from "./sessions.ts";
import { signals } from "./signals.ts";
import { tokens } from "./tokens.ts";
import { turns } from "./turns.ts";
import { usage } from "./usage.ts";

export const native: readonly DoorRoute[] = [
  ["/v1/sessions", copies],
  ["/v1/sessions", sessions],
  ["/v1/sessions", messages],
  ["/v1/sessions", answers],
  ["/v1/sessions", signals],
  ["/v1/sessions", tokens],
  ["/v1/sessions", prefixDoctor],
  ["/v1/deliveries", deliveries],
  ["/v1/usage", usage],
  ["/v1/turns", turns],
  ["/v1/agents", agents],
  ["/", front],
];
