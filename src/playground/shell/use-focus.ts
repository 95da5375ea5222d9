/** Puts the focus into a field once it is on the page: a `ref` that focuses would come too early, before the field is in the document. */
import { useLayoutEffect, useRef } from "hono/jsx/dom";

export function useFocus<T extends HTMLElement>(): { current: T | null } {
  const field = useRef<T>(null);
  useLayoutEffect(() => field.current?.focus(), []);
  return field;
}
