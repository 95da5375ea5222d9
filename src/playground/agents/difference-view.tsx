/** What differs between two versions, and what it costs that providers read the changed beginning of requests anew. */
import { money } from "../shell/figures.ts";

interface DifferenceViewProps {
  diff: { changes: readonly string[]; prefix: { lost_tokens: number; lost_micros: number | null } };
}

export function DifferenceView({ diff: { changes, prefix } }: DifferenceViewProps) {
  const { lost_tokens, lost_micros } = prefix;
  return (
    <div>
      <pre class="plain tall">{changes.join("\n")}</pre>
      <p class="hint">
        The change makes {lost_tokens.toLocaleString("en")} tokens of each cached prefix be read anew
        {lost_micros === null ? "" : `, once for ${money(lost_micros)}`}.
      </p>
    </div>
  );
}
