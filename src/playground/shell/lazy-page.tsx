/** The pages for operators, in a file of their own that is loaded when the first of them is opened: who only chats does not load it. */
import type { Child } from "hono/jsx";
import { useLayoutEffect, useState } from "hono/jsx/dom";
import type { OperatorRoute } from "../route.ts";

export function LazyPage({ route }: { route: OperatorRoute }) {
  const [loaded, setLoaded] = useState<{ draw(route: OperatorRoute): Child } | undefined>();
  const [failed, setFailed] = useState(false);
  useLayoutEffect(() => {
    import("../operator-pages.tsx").then(
      ({ operatorPage }) => setLoaded({ draw: operatorPage }),
      () => setFailed(true),
    );
  }, []);
  if (failed) return <p class="alert">This view could not be loaded. Reload the page.</p>;
  return <div class="page">{loaded === undefined ? <p class="hint">Loading …</p> : loaded.draw(route)}</div>;
}
