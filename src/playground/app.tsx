/** The playground: a page for people, over the public API alone. This file is its shell: header, key, theme, and which page is shown. */
import { render, useLayoutEffect, useState } from "hono/jsx/dom";
import type { HealthJson } from "../wire/shapes.ts";
import { apiKey, callJson, keyRefused } from "./api.ts";
import { ChatPage } from "./chat-page.tsx";
import { KeyForm } from "./key-form.tsx";
import { chatHash, freshSession, type Route, routeOf } from "./route.ts";
import { SessionsPage } from "./sessions-page.tsx";
import { SetupPage } from "./setup-page.tsx";
import { Stage } from "./stage.tsx";
import { ThemeButton } from "./theme-button.tsx";
import { UsagePage } from "./usage-page.tsx";

/** The page that the address names; one that names none becomes a new chat. */
function routeNow(): Route {
  const route = routeOf(location.hash);
  if (route !== undefined) return route;
  const session = freshSession();
  history.replaceState(null, "", chatHash(session));
  return { page: "chat", session };
}

function App() {
  const [route, setRoute] = useState<Route>(routeNow);
  const [chat, setChat] = useState<string | undefined>();
  const [health, setHealth] = useState<HealthJson | undefined>();
  const [asksKey, setAsksKey] = useState<"no" | "wanted" | "refused">("no");
  const [keys, setKeys] = useState(0);
  const [fresh, setFresh] = useState(freshSession);
  const latest = route.page === "chat" ? route.session : chat;

  useLayoutEffect(() => {
    const moved = () => {
      const next = routeNow();
      setRoute(next);
      setFresh(freshSession());
      if (next.page === "chat") setChat(next.session);
    };
    moved();
    addEventListener("hashchange", moved);
    addEventListener(keyRefused, () => setAsksKey(apiKey() === "" ? "wanted" : "refused"));
    callJson<HealthJson>("/health").then(setHealth, () => {});
    return () => removeEventListener("hashchange", moved);
  }, []);

  const saved = () => {
    setAsksKey("no");
    setKeys((count) => count + 1);
  };
  return (
    <div class="shell">
      <button type="button" class="skip" onClick={skip}>
        Skip to the content
      </button>
      <header class="top">
        <a class="brand" href={chatHash(fresh)}>
          Longline
        </a>
        <nav aria-label="Pages">
          <Tab to={latest === undefined ? "#/" : chatHash(latest)} on={route.page === "chat"} name="Chat" />
          <Tab to="#/sessions" on={route.page === "sessions"} name="Sessions" />
          <Tab to="#/usage" on={route.page === "usage"} name="Usage" />
          <Tab to="#/setup" on={route.page === "setup"} name="Setup" />
        </nav>
        <div class="tools">
          <button type="button" class="quiet" onClick={() => setAsksKey(asksKey === "no" ? "wanted" : "no")}>
            Key
          </button>
          <ThemeButton />
        </div>
      </header>
      <section class="notes" aria-label="Notices">
        {health?.demo && (
          <p class="demo">
            Answers come from the built-in demo model, which works by simple rules. Set <code>MODEL_API_KEY</code> to
            let the real one answer.
          </p>
        )}
        {asksKey !== "no" && <KeyForm refused={asksKey === "refused"} saved={saved} />}
      </section>
      <main id="main" tabIndex={-1} class={route.page}>
        <Stage name={`${pageKey(route)} ${keys}`} draw={() => <Page route={route} chat={latest} />} />
      </main>
    </div>
  );
}

function pageKey(route: Route): string {
  return route.page === "chat" ? route.session : route.page;
}

function Page({ route, chat }: { route: Route; chat: string | undefined }) {
  switch (route.page) {
    case "chat":
      return <ChatPage id={route.session} />;
    case "sessions":
      return <SessionsPage />;
    case "usage":
      return <UsagePage />;
    case "setup":
      return <SetupPage {...(chat !== undefined && { session: chat })} />;
  }
}

function Tab({ to, on, name }: { to: string; on: boolean; name: string }) {
  return (
    <a href={to} {...(on && { "aria-current": "page" })}>
      {name}
    </a>
  );
}

/** No link: the address behind `#` names the page. */
function skip(): void {
  document.getElementById("main")?.focus();
}

const root = document.getElementById("root");
if (root !== null) render(<App />, root);
