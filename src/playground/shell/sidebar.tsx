/** What is beside each page: a new chat, the pages, and beside a chat the newest sessions. On a phone it is a drawer. */
import { useLayoutEffect, useRef, useState } from "hono/jsx/dom";
import { type AccountPage, chatHash, type Route } from "../route.ts";
import { RecentSessions } from "../sessions/recent-sessions.tsx";

interface SidebarProps {
  route: Route;
  /** The id of a new chat. */
  fresh: string;
  /** Grows with each key that is entered. */
  keys: number;
  /** Whether the drawer is open. */
  open: boolean;
  leave(): void;
  askKey(): void;
}

const pages: readonly [AccountPage, string][] = [
  ["sessions", "Sessions"],
  ["turns", "Turns"],
  ["agents", "Agents"],
  ["rollouts", "Rollouts"],
  ["usage", "Usage"],
  ["accounts", "Accounts"],
  ["setup", "Setup"],
];

/** The trace of a turn and a comparison are reached from the list of turns. */
function pageOf({ page }: Route): Route["page"] {
  return page === "trace" || page === "compare" ? "turns" : page;
}

export function Sidebar({ route, fresh, keys, open, leave, askKey }: SidebarProps) {
  const first = useRef<HTMLAnchorElement>(null);
  useLayoutEffect(() => {
    if (open) first.current?.focus();
  }, [open]);
  const session = "session" in route ? route.session : undefined;
  const typed = (event: KeyboardEvent) => {
    if (event.key === "Escape" && open) leave();
  };
  return (
    <aside id="side" class="side" aria-label="Pages and sessions" onKeyDown={typed}>
      <a class="brand" href={chatHash(fresh)}>
        Longline
      </a>
      <a class="button primary" href={chatHash(fresh)} ref={first}>
        New chat
      </a>
      <nav aria-label="Pages">
        {pages.map(([page, name]) => (
          <a key={page} href={`#/${page}`} {...(pageOf(route) === page && { "aria-current": "page" })}>
            {name}
          </a>
        ))}
      </nav>
      <div class="recent">{session !== undefined && <RecentSessions current={session} keys={keys} />}</div>
      <p class="foot">
        <button type="button" class="quiet" onClick={askKey}>
          Key
        </button>
        <ThemeButton />
        <button type="button" class="quiet close" onClick={leave}>
          Close
        </button>
      </p>
    </aside>
  );
}

const name = "longline-theme";

/** Light, dark, or as the system has it. The choice stays in this browser. */
function ThemeButton() {
  const [theme, setTheme] = useState(localStorage.getItem(name) ?? "");
  useLayoutEffect(() => {
    document.documentElement.dataset.theme = theme;
    localStorage.setItem(name, theme);
  }, [theme]);
  const dark = theme === "dark" || (theme === "" && matchMedia("(prefers-color-scheme: dark)").matches);
  return (
    <button type="button" class="quiet" onClick={() => setTheme(dark ? "light" : "dark")}>
      {dark ? "Light" : "Dark"}
    </button>
  );
}
