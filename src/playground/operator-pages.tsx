/** Every page but the chat, by its route. */
import { AccountsPage } from "./accounts/accounts-page.tsx";
import { AgentsPage } from "./agents/agents-page.tsx";
import { ComparePage } from "./compare/compare-page.tsx";
import { RolloutsPage } from "./rollouts/rollouts-page.tsx";
import type { OperatorRoute } from "./route.ts";
import { SessionsPage } from "./sessions/sessions-page.tsx";
import { SetupPage } from "./setup/setup-page.tsx";
import { TracePage } from "./trace/trace-page.tsx";
import { TurnsPage } from "./turns/turns-page.tsx";
import { UsagePage } from "./usage/usage-page.tsx";

export function operatorPage(route: OperatorRoute) {
  switch (route.page) {
    case "sessions":
      return <SessionsPage />;
    case "turns":
      return <TurnsPage query={route.query} />;
    case "trace":
      return <TracePage session={route.session} turn={route.turn} />;
    case "accounts":
      return <AccountsPage />;
    case "rollouts":
      return <RolloutsPage query={route.query} />;
    case "agents":
      return <AgentsPage query={route.query} />;
    case "usage":
      return <UsagePage />;
    case "compare":
      return <ComparePage query={route.query} />;
    case "setup":
      return <SetupPage />;
    default:
      return <p class="hint">Soon.</p>;
  }
}
