/** THE APP: its agents, and the doors and channels they are reached by. What is not listed is not in the Worker. */
import { aiSdk, demoModel, discord, longline, mcp, mcpServers, openai, openapi, playground, slack } from "longline";
import { assistant } from "./agents/assistant.ts";

const app = longline({
  agents: { assistant },
  demo: demoModel(),
  mcp: mcpServers(),
  doors: [openai(), aiSdk(), mcp(), playground(), openapi()],
  channels: [slack({ dmSession: "thread", approvers: "asker" }), discord({ approvers: "asker" })],
});

export const { Session, Account } = app;
export default app;
