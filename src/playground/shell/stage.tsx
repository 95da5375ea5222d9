/** Shows one page at a time, each in an element of its own. A page that is left is closed and its element taken away, so that whatever still arrives for it cannot draw into the next one. */
import type { Child } from "hono/jsx";
import { render, useLayoutEffect, useRef, useState } from "hono/jsx/dom";

/** `name`: another name is another page. */
export function Stage({ name, draw }: { name: string; draw(): Child }) {
  const floor = useRef<HTMLElement>(null);
  useLayoutEffect(() => {
    const place = document.createElement("div");
    place.className = "page";
    floor.current?.append(place);
    let close = () => {};
    const opened = (closing: () => void) => {
      close = closing;
    };
    render(<Closable draw={draw} opened={opened} />, place);
    return () => {
      close();
      place.remove();
    };
  }, [name]);
  return <div class="stage" ref={floor} />;
}

/** Taking its content out runs what the content's effects have to clean up; hono has no other way. */
function Closable({ draw, opened }: { draw(): Child; opened(close: () => void): void }) {
  const [open, setOpen] = useState(true);
  useLayoutEffect(() => opened(() => setOpen(false)), []);
  return <div class="page">{open && draw()}</div>;
}
