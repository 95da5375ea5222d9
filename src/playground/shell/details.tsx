/** Something folded away, which is made only once it is opened. */

import type { Child } from "hono/jsx";
import { useState } from "hono/jsx/dom";

interface DetailsProps {
  name: string;
  /** Whether it is open at first. */
  isOpen?: boolean;
  children: () => Child;
}

export function Details({ name, isOpen = false, children }: DetailsProps) {
  const [open, setOpen] = useState(isOpen);
  return (
    <details open={isOpen} onToggle={(event: Event) => setOpen((event.target as HTMLDetailsElement).open)}>
      <summary>{name}</summary>
      <div class="folded">{open && children()}</div>
    </details>
  );
}
