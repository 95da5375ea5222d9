/**
 * THE APP: its agents, and the doors and channels they are reached by. What is not listed is not in the Worker. One line
 * away, imported from "longline": `mcp()` among the doors; `channels: [slack(), discord()]`; `mcp: mcpServers({ … })`.
 */
import { aiSdk, demoModel, longline, openai, openapi, playground } from "longline";
import { assistant } from "./agents/assistant.ts";

const app = longline({
  agents: { assistant },
  doors: [openai(), aiSdk(), playground(), openapi()],
  demo: demoModel(),
});

export const { Session, Account } = app;
export default app;
