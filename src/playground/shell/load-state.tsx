/** What a view says of its reading: that it waits, or what went wrong and a way to try again. Nothing once it is there. */
import type { Loading } from "./use-load.ts";

/** `what`: as in `Reading the turns …`. */
export function LoadState({ loading, what }: { loading: Loading<unknown>; what: string }) {
  const { data, fault, isLoading, again } = loading;
  if (fault !== "")
    return (
      <p class="alert" role="alert">
        {fault}{" "}
        <button type="button" onClick={again}>
          Try again
        </button>
      </p>
    );
  return (
    <p class="hint" role="status">
      {isLoading && data === undefined ? `Reading ${what} …` : ""}
    </p>
  );
}
