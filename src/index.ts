/** The public face: everything an app may import. Nothing else is public. */
export type { AgentDefinition } from "./agent/agent.ts";
export { defineAgent } from "./agent/agent.ts";
export type { Schedule } from "./agent/app.ts";
export { type DemoModel, demoModel } from "./agent/demo-model.ts";
export type { RemoteToolsSource } from "./agent/remote-tools.ts";
export type { AgentLimits, ModelChoice } from "./agent/version.ts";
export type {
  Address,
  Approval,
  Inbound,
  InboundRequest,
  Outlet,
  Posted,
  Posting,
  Received,
  Reply,
  Taken,
} from "./channels/channel.ts";
export type { ChannelDefinition, ChannelHost } from "./channels/define-channel.ts";
export { discordRoom } from "./channels/discord/discord-address.ts";
export { type DiscordRules, discordSession } from "./channels/discord/rules.ts";
export type { SlackRules } from "./channels/slack/rules.ts";
export { slackRoom } from "./channels/slack/slack-address.ts";
export type { WebhookMessage, WebhookRules, WebhookSignal } from "./channels/webhook.ts";
export { AppError } from "./core/errors.ts";
export type { PlacedEvent } from "./core/event.ts";
export type { SettingDeclaration, SettingDeclarations, SettingSchema, SettingValues } from "./core/settings.ts";
export {
  type AgentToolOptions,
  asTool,
  type CalledAgents,
  type CallLimits,
  type DelegateOptions,
  delegate,
  type HandoffOptions,
  handoff,
} from "./delegation/delegate.ts";
export { admin } from "./doors/admin/admin.ts";
export { aiSdk } from "./doors/ai-sdk/ai-sdk.ts";
export { alerts } from "./doors/alerts.ts";
export type { Caller } from "./doors/caller.ts";
export { callbacks } from "./doors/channels/callbacks.ts";
export { defineChannel, discord, type ListedChannel as Channel, slack } from "./doors/channels/listed.ts";
export { webhooks } from "./doors/channels/webhooks.ts";
export { copies } from "./doors/copies/copies.ts";
export { type Door, type DoorDefinition, defineDoor } from "./doors/door.ts";
export { jsonSchemas } from "./doors/json-schemas.ts";
export { type LongTools, longTools } from "./doors/long-tools.ts";
export { mcp } from "./doors/mcp/mcp.ts";
export { mcpServers } from "./doors/mcp-servers.ts";
export { openai } from "./doors/openai/openai.ts";
export { openapi } from "./doors/openapi/openapi.ts";
export { otel } from "./doors/otel.ts";
export { playground } from "./doors/playground/playground.ts";
export { prefixes } from "./doors/prefixes/prefixes.ts";
export { type RelayOptions, relayStream } from "./doors/relay-stream.ts";
export { type RolloutSettings, type Rollouts, rollouts } from "./doors/rollouts/rollouts.ts";
export { Routes } from "./doors/routes.ts";
export { type ScheduleSettings, schedules, scheduleTool } from "./doors/schedules/schedules.ts";
export { type DoorMessage, sendMessage } from "./doors/send-message.ts";
export { traces } from "./doors/traces.ts";
export { type Longline, type LonglineConfig, longline } from "./longline.ts";
export type { AlertMetric, AlertRule } from "./observe/alert-rule.ts";
export type { AlertSource, TelemetrySource } from "./observe/telemetry.ts";
export { calculator } from "./tools/calculator.ts";
export type { AfterCall, BeforeCall, CallHooks, HookedCall, HookedCalls } from "./tools/call-hooks.ts";
export { currentTime } from "./tools/current-time.ts";
export { fetchUrl } from "./tools/fetch-url.ts";
export type { McpServerRules } from "./tools/mcp/server-rules.ts";
export { sendRequest } from "./tools/send-request.ts";
export type { StepRun, StepSignal, ToolStep } from "./tools/steps/step.ts";
export { defineTool, type Tool, type ToolContext, type ToolDefinition } from "./tools/tool.ts";
export type { Encoder, Frame } from "./wire/encoder.ts";
