/** Reads something for a view: what it has, whether it waits, and what went wrong. What was read stays while it is read again. */
import { useEffect, useState } from "hono/jsx/dom";
import { ApiError } from "./api.ts";

export interface Loading<T> {
  data: T | undefined;
  /** The server's words; empty when nothing is wrong. */
  fault: string;
  /** Its HTTP status; 0 when there was no answer or nothing is wrong. */
  status: number;
  isLoading: boolean;
  again(): void;
}

/** `load` is called at first, and whenever `key` changes or `again` is called. A slower answer to an earlier call is dropped. */
export function useLoad<T>(key: string, load: (signal: AbortSignal) => Promise<T>): Loading<T> {
  const [state, setState] = useState<Omit<Loading<T>, "again">>(nothing);
  const [count, setCount] = useState(0);
  useEffect(() => {
    const end = new AbortController();
    const finish = (change: Partial<Omit<Loading<T>, "again">>) => {
      if (!end.signal.aborted) setState((before) => ({ ...before, fault: "", status: 0, ...change, isLoading: false }));
    };
    setState((before) => ({ ...before, isLoading: true }));
    load(end.signal).then(
      (data) => finish({ data }),
      (error: unknown) => {
        const { message, status } = error instanceof ApiError ? error : { message: String(error), status: 0 };
        finish({ fault: message, status });
      },
    );
    return () => end.abort();
  }, [key, count]);
  return { ...state, again: () => setCount((before) => before + 1) };
}

const nothing = { data: undefined, fault: "", status: 0, isLoading: true };
