/** Every page but the chat, by its route. */
import { SessionsPage } from "./sessions/sessions-page.tsx";
import { SetupPage } from "./setup/setup-page.tsx";
import type { OperatorRoute } from "./shell/lazy-page.tsx";
import { UsagePage } from "./usage/usage-page.tsx";

export function operatorPage(route: OperatorRoute) {
  switch (route.page) {
    case "sessions":
      return <SessionsPage />;
    case "usage":
      return <UsagePage />;
    case "setup":
      return <SetupPage />;
    default:
      return <p class="hint">Soon.</p>;
  }
}
