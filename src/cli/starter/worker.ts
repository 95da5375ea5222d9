/**
 * THE APP: its agents, and the doors and channels they are reached by. What is not listed is not in the Worker. One line
 * away, imported from "longline": `admin()` (accounts), `prefixes()` (long texts that many sessions share), `openapi()` and `mcp()` among the doors; `channels: [slack(), discord()]`; `mcp: mcpServers({ … })`; `observe: otel()`.
 */
import { aiSdk, callbacks, copies, demoModel, longline, openai, playground, webhooks } from "longline";
import { assistant } from "./assistant.ts";

const app = longline({
  agents: { assistant },
  doors: [openai(), aiSdk(), playground(), copies(), webhooks(), callbacks()],
  demo: demoModel(),
});

export const { Session, Account } = app;
export default app;
