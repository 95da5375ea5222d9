/** Makes a version of an agent over the one of its code; shows what differs, and the way to a rollout. */
import { useState } from "hono/jsx/dom";
import type { AgentDetailsJson } from "../../wire/agent-shapes.ts";
import type { VersionDifferenceJson } from "../../wire/rollout-shapes.ts";
import { callOperate } from "../shell/admin-key.ts";
import { ApiError } from "../shell/api.ts";
import { type FieldFault, otherFault, TextField } from "../shell/text-field.tsx";
import { DifferenceView } from "./difference-view.tsx";
import { type VersionField, type VersionTexts, versionBody, versionFields, versionTexts } from "./version-texts.ts";

interface VersionFormProps {
  details: AgentDetailsJson;
  made(): void;
}

interface MadeVersion {
  version: string;
  diff: VersionDifferenceJson;
}

const hints: Partial<Record<VersionField, string>> = {
  models: "ids, with commas",
  tools: "names of its own tools, with commas",
  note: "why, for those who read the list",
};

export function VersionForm({ details, made }: VersionFormProps) {
  const before = versionTexts(details);
  const [texts, setTexts] = useState<VersionTexts>(before);
  const [fault, setFault] = useState<FieldFault | undefined>();
  const [outcome, setOutcome] = useState<MadeVersion | undefined>();
  const [isSent, setSent] = useState(false);
  const submit = async (event: Event) => {
    event.preventDefault();
    setSent(true);
    try {
      const path = `/v1/agents/${encodeURIComponent(details.id)}/versions`;
      setOutcome(await callOperate<MadeVersion>(path, { body: versionBody(texts, before) }));
      setFault(undefined);
      made();
    } catch (error) {
      if (error instanceof ApiError) setFault({ field: error.field, words: error.message });
    }
    setSent(false);
  };
  return (
    <form class="sheet" aria-label="New version" onSubmit={(event: Event) => void submit(event)}>
      <p class="hint">
        What is left as it is comes from the code. A version never changes, and answers no one before a rollout.
      </p>
      <div class="fields">
        {versionFields.map((name) => (
          <TextField
            key={name}
            name={name}
            value={texts[name]}
            set={(value) => setTexts({ ...texts, [name]: value })}
            fault={fault}
            placeholder={hints[name] ?? ""}
            rows={name === "instructions" ? 6 : 1}
          />
        ))}
      </div>
      <p class="actions">
        <button type="submit" class="primary" disabled={isSent}>
          Make the version
        </button>
        <span role="alert">{otherFault(fault, versionFields)}</span>
      </p>
      <div role="status">{outcome && <Outcome agent={details.id} outcome={outcome} />}</div>
    </form>
  );
}

function Outcome({ agent, outcome: { version, diff } }: { agent: string; outcome: MadeVersion }) {
  const query = new URLSearchParams({ agent, candidate: version });
  return (
    <div class="card">
      <p>
        <strong>{version}</strong> is there. <a href={`#/rollouts?${query}`}>Begin a rollout with it</a>
      </p>
      <DifferenceView diff={diff} />
    </div>
  );
}
