/** THE APP: its agents, and the doors and channels they are reached by. Delete a line, and it is not in the Worker. */
import {
  admin,
  aiSdk,
  callbacks,
  copies,
  demoModel,
  discord,
  longline,
  longTools,
  mcp,
  mcpServers,
  openai,
  openapi,
  otel,
  playground,
  prefixes,
  rollouts,
  schedules,
  slack,
  webhooks,
} from "longline";
import { assistant } from "./agents/assistant.ts";

const app = longline({
  agents: { assistant },
  doors: [
    openai(),
    aiSdk(),
    mcp(),
    playground(),
    openapi(),
    admin(),
    copies(),
    prefixes(),
    schedules(),
    webhooks(),
    callbacks(),
  ],
  channels: [slack(), discord()],
  mcp: mcpServers(),
  demo: demoModel(),
  observe: otel(),
  rollouts: rollouts(),
  longTools: longTools(),
});

export const { Session, Account } = app;
export default app;
