/** The pages for operators, in a file of their own that is loaded when the first of them is opened: who only chats does not load it. */
import { useLayoutEffect, useState } from "hono/jsx/dom";
import type { Route } from "../route.ts";

export type OperatorRoute = Exclude<Route, { page: "chat" }>;
type Pages = typeof import("../operator-pages.tsx");

export function LazyPage({ route }: { route: OperatorRoute }) {
  const [pages, setPages] = useState<Pages | undefined>();
  const [failed, setFailed] = useState(false);
  useLayoutEffect(() => {
    import("../operator-pages.tsx").then(
      (loaded) => setPages(loaded),
      () => setFailed(true),
    );
  }, []);
  if (failed) return <p class="alert">This view could not be loaded. Reload the page.</p>;
  return <div class="page">{pages === undefined ? <p class="hint">Loading …</p> : pages.operatorPage(route)}</div>;
}
