/** Keeps the end of the page in view while it grows, as long as the reader is there. */
import { useLayoutEffect, useRef } from "hono/jsx/dom";

/** How far from the end still counts as the end, in pixels. */
const nearPx = 120;

/** Must be called at each drawing. `grows`: there is an end to follow. Returns what brings the reader to it. */
export function useFollowing(grows: boolean): () => void {
  const on = useRef(grows);
  on.current = grows;
  const follows = useRef(true);
  useLayoutEffect(() => {
    const moved = () => {
      const { scrollHeight } = document.documentElement;
      follows.current = scrollHeight - innerHeight - scrollY < nearPx;
    };
    const grown = new ResizeObserver(() => {
      if (on.current && follows.current) scrollTo({ top: document.documentElement.scrollHeight });
    });
    addEventListener("scroll", moved, { passive: true });
    grown.observe(document.body);
    return () => {
      removeEventListener("scroll", moved);
      grown.disconnect();
    };
  }, []);
  return () => {
    follows.current = true;
  };
}
