/** What only the people who run the assistant can use, folded away: the holder of a session's token does not get it from the server, and sees no fold. */
import { holdsToken } from "./api.ts";
import { Details } from "./details.tsx";

export function OperatorDetail({ lines }: { lines: readonly string[] }) {
  if (lines.length === 0 || holdsToken()) return <div class="operator" />;
  return (
    <div class="operator">
      <Details name="For the operator">
        {() =>
          lines.map((line) => (
            <p class="plain" key={line}>
              {line}
            </p>
          ))
        }
      </Details>
    </div>
  );
}
