/** Something folded away, which is made only once it is opened. */

import type { Child } from "hono/jsx";
import { useState } from "hono/jsx/dom";

export function Details({ name, children }: { name: string; children: () => Child }) {
  const [open, setOpen] = useState(false);
  return (
    <details onToggle={(event: Event) => setOpen((event.target as HTMLDetailsElement).open)}>
      <summary>{name}</summary>
      <div class="folded">{open && children()}</div>
    </details>
  );
}
