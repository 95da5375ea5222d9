/** The playground: a page for people, over the public API alone. */
import { render } from "hono/jsx/dom";

function App() {
  return <p>Hi</p>;
}

const root = document.getElementById("root");
if (root !== null) render(<App />, root);
