/** The playground: a page for people, over the public API alone. This file is its shell: sidebar, notices, and which page is shown. */

import type { Child } from "hono/jsx";
import { render, useLayoutEffect, useRef, useState } from "hono/jsx/dom";
import type { HealthJson } from "../wire/account-shapes.ts";
import { ChatPage } from "./chat/chat-page.tsx";
import { freshChat } from "./chat/fresh-chats.ts";
import { chatHash, type OperatorRoute, type Route, routeOf } from "./route.ts";
import { apiKey, callJson, keepApiKey, keyRefused } from "./shell/api.ts";
import { Sidebar } from "./shell/sidebar.tsx";
import { Stage } from "./shell/stage.tsx";
import { useFocus } from "./shell/use-focus.ts";

/** The page that the address names; one that names none becomes a new chat. */
function routeNow(): Route {
  const route = routeOf(location.hash);
  if (route !== undefined) return route;
  const session = freshChat();
  history.replaceState(null, "", chatHash(session));
  return { page: "chat", session };
}

function App() {
  const [route, setRoute] = useState<Route>(routeNow);
  const [health, setHealth] = useState<HealthJson | undefined>();
  const [asksKey, setAsksKey] = useState<"no" | "wanted" | "refused">("no");
  const [keys, setKeys] = useState(0);
  const [fresh, setFresh] = useState(freshChat);
  const [menu, setMenu] = useState(false);
  const opener = useRef<HTMLButtonElement>(null);

  useLayoutEffect(() => {
    const moved = () => {
      setRoute(routeNow());
      setFresh(freshChat());
      setMenu(false);
    };
    addEventListener("hashchange", moved);
    addEventListener(keyRefused, () => setAsksKey(apiKey() === "" ? "wanted" : "refused"));
    callJson<HealthJson>("/health").then(setHealth, () => {});
    return () => removeEventListener("hashchange", moved);
  }, []);

  const saved = () => {
    setAsksKey("no");
    setKeys((count) => count + 1);
  };
  const leaveMenu = () => {
    setMenu(false);
    opener.current?.focus();
  };
  return (
    <div class={menu ? "shell menu-open" : "shell"}>
      <button type="button" class="skip" onClick={skip}>
        Skip to the content
      </button>
      <header class="top">
        <button
          type="button"
          class="quiet"
          ref={opener}
          aria-expanded={menu ? "true" : "false"}
          aria-controls="side"
          onClick={() => setMenu(!menu)}
        >
          Menu
        </button>
        <a class="brand" href={chatHash(fresh)}>
          Longline
        </a>
        <a class="button" href={chatHash(fresh)}>
          New chat
        </a>
      </header>
      <Sidebar
        route={route}
        fresh={fresh}
        keys={keys}
        open={menu}
        leave={leaveMenu}
        askKey={() => setAsksKey(asksKey === "no" ? "wanted" : "no")}
      />
      <div class="view">
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
          <Stage name={`${nameOf(route)} ${keys}`} draw={() => <Page route={route} />} />
        </main>
      </div>
    </div>
  );
}

/** Another name is another page. */
function nameOf(route: Route): string {
  switch (route.page) {
    case "chat":
      return `${route.session} ${route.turn ?? ""}`;
    case "trace":
      return `trace ${route.session} ${route.turn}`;
    default:
      return `${route.page} ${route.query}`;
  }
}

function Page({ route }: { route: Route }) {
  if (route.page !== "chat") return <LazyPage route={route} />;
  return <ChatPage id={route.session} {...(route.turn !== undefined && { turn: route.turn })} />;
}

/** No link: the address after `#` names the page. */
function skip(): void {
  document.getElementById("main")?.focus();
}

const root = document.getElementById("root");
if (root !== null) render(<App />, root);

/** Requests the API key and keeps it in this browser. */
function KeyForm({ refused, saved }: { refused: boolean; saved(): void }) {
  const [key, setKey] = useState(apiKey());
  const field = useFocus<HTMLInputElement>();
  const submit = (event: Event) => {
    event.preventDefault();
    keepApiKey(key.trim());
    saved();
  };
  return (
    <form class="key" onSubmit={submit}>
      <label for="key">API key</label>
      <input
        id="key"
        type="password"
        autocomplete="off"
        value={key}
        ref={field}
        onInput={(event: Event) => setKey((event.target as HTMLInputElement).value)}
      />
      <button type="submit" class="primary">
        Use it
      </button>
      <p role="status">
        {refused
          ? "The server did not accept this key. It is the value of API_KEY, or a key made through /v1/admin."
          : "It is the value of API_KEY, or a key made through /v1/admin. It stays in this browser."}
      </p>
    </form>
  );
}

/** The pages for operators, in a file of their own that is loaded when the first of them is opened: who only chats does not load it. */
function LazyPage({ route }: { route: OperatorRoute }) {
  const [loaded, setLoaded] = useState<{ draw(route: OperatorRoute): Child } | undefined>();
  const [failed, setFailed] = useState(false);
  useLayoutEffect(() => {
    import("./operator-pages.tsx").then(
      ({ operatorPage }) => setLoaded({ draw: operatorPage }),
      () => setFailed(true),
    );
  }, []);
  if (failed) return <p class="alert">This view could not be loaded. Reload the page.</p>;
  return <div class="page">{loaded === undefined ? <p class="hint">Loading …</p> : loaded.draw(route)}</div>;
}
