/** The native door, which every app has: Longline's own HTTP API. Start reading here: which path leads to which file. */
import { Hono } from "hono";
import type { RouteContext } from "../context.ts";
import { front } from "../front.ts";
import { agents } from "./agents.ts";
import { answers } from "./answers.ts";
import { copies } from "./copies.ts";
import { deliveries } from "./deliveries.ts";
import { messages } from "./messages.ts";
import { prefixDoctor } from "./prefix-doctor.ts";
import { prefixes } from "./prefixes.ts";
import { sessions } from "./sessions.ts";
import { tokens } from "./tokens.ts";
import { usage } from "./usage.ts";

export const native: Hono<RouteContext> = new Hono<RouteContext>()
  .route("/v1/sessions", copies)
  .route("/v1/sessions", sessions)
  .route("/v1/sessions", messages)
  .route("/v1/sessions", answers)
  .route("/v1/sessions", tokens)
  .route("/v1/sessions", prefixDoctor)
  .route("/v1/prefixes", prefixes)
  .route("/v1/deliveries", deliveries)
  .route("/v1/usage", usage)
  .route("/v1/agents", agents)
  .route("/", front);
