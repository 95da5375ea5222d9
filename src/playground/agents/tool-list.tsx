/** The tools of an agent: what each is for and does to the world, its input as a form, and a try of those that change nothing. */
import { useState } from "hono/jsx/dom";
import type { AgentDetailsJson } from "../../wire/agent-shapes.ts";
import type { AgentJson } from "../../wire/shapes.ts";
import { laidOutResult } from "../chat/call-words.ts";
import { callOperate } from "../shell/admin-key.ts";
import { ApiError } from "../shell/api.ts";
import { CopyButton } from "../shell/copy-button.tsx";
import { Details } from "../shell/details.tsx";
import { duration } from "../shell/figures.ts";
import { argumentsText, type FormField, formFields } from "./schema-form.ts";

/** A tool with its input, or without. */
type ToolView = AgentJson["tools"][number] & Partial<Pick<AgentDetailsJson["tools"][number], "parameters">>;

/** `POST /v1/agents/:agent/tools/:tool/run`. */
interface ToolRunJson {
  content: string;
  is_error: boolean;
  duration_ms: number;
}

interface ToolListProps {
  agent: string;
  tools: readonly ToolView[];
}

export function ToolList({ agent, tools }: ToolListProps) {
  if (tools.length === 0) return <p class="hint">It has none.</p>;
  return (
    <ul class="cards">
      {tools.map((tool) => (
        <li key={tool.name} class="card">
          <h3>
            <code>{tool.name}</code>
          </h3>
          <p class="facts">
            <span>{effectWords[tool.effect]}</span>
            <span>{approvalWords(tool.approval)}</span>
          </p>
          <p class="plain">{tool.description}</p>
          <div>
            {tool.parameters !== undefined && (
              <Details name="Input, and try it">{() => <TryTool agent={agent} tool={tool} />}</Details>
            )}
          </div>
        </li>
      ))}
    </ul>
  );
}

const effectWords: Readonly<Record<ToolView["effect"], string>> = {
  none: "changes nothing",
  keyed: "changes something, once for each key",
  unsafe: "changes something each time it runs",
};

function approvalWords(approval: ToolView["approval"]): string {
  if (approval === null) return "runs without asking";
  return approval === "always" ? "asks a person each time" : "asks a person for some inputs";
}

function TryTool({ agent, tool }: { agent: string; tool: ToolView }) {
  const fields = formFields(tool.parameters);
  const [values, setValues] = useState<Readonly<Record<string, string>>>({});
  const [outcome, setOutcome] = useState<ToolRunJson | undefined>();
  const [isRunning, setRunning] = useState(false);
  const [fault, setFault] = useState("");
  const shown = argumentsText(fields, values);
  const run = async (event: Event) => {
    event.preventDefault();
    if (shown.text === undefined) return setFault(shown.fault ?? "");
    setRunning(true);
    setFault("");
    try {
      const path = `/v1/agents/${encodeURIComponent(agent)}/tools/${tool.name}/run`;
      setOutcome(await callOperate<ToolRunJson>(path, { body: { arguments: JSON.parse(shown.text) } }));
    } catch (error) {
      if (error instanceof ApiError) setFault(error.message);
    }
    setRunning(false);
  };
  return (
    <form class="sheet" aria-label={`Try ${tool.name}`} onSubmit={(event: Event) => void run(event)}>
      <div class="fields">
        {fields.map((field) => (
          <Field
            key={field.name}
            field={field}
            value={values[field.name] ?? ""}
            set={(value) => setValues({ ...values, [field.name]: value })}
          />
        ))}
      </div>
      <div class="labelled">
        <span>The call, as the model would make it</span>
        <CopyButton text={shown.text ?? ""} label={`a call of ${tool.name}`} />
      </div>
      <pre class="plain">{shown.text ?? shown.fault}</pre>
      <div>
        {tool.effect === "none" ? (
          <button type="submit" class="primary" disabled={isRunning}>
            {isRunning ? "Running …" : "Run it"}
          </button>
        ) : (
          <p class="hint">It changes something, so it runs only in a turn.</p>
        )}
      </div>
      <p role="alert">{fault}</p>
      <div>{outcome && <Outcome outcome={outcome} />}</div>
    </form>
  );
}

function Outcome({ outcome }: { outcome: ToolRunJson }) {
  const { content, is_error, duration_ms } = outcome;
  return (
    <div>
      <p class="labelled">
        <span>
          {is_error ? "Error" : "Result"}, {duration(duration_ms)}
        </span>
      </p>
      <pre class="plain tall">{laidOutResult(content.slice(0, 20_000))}</pre>
    </div>
  );
}

function Field({ field, value, set }: { field: FormField; value: string; set(value: string): void }) {
  const { name, kind, description, isRequired, options } = field;
  const typed = (event: Event) => set((event.target as HTMLInputElement).value);
  const label = `${name}${isRequired ? "" : " (optional)"}`;
  return (
    <div class="field">
      <span>
        {label} <small>{description}</small>
      </span>
      {kind === "boolean" && (
        <select aria-label={label} value={value} onChange={typed}>
          <option value="false">no</option>
          <option value="true">yes</option>
        </select>
      )}
      {kind === "choice" && (
        <select aria-label={label} value={value} onChange={typed}>
          <option value="">–</option>
          {options.map((option) => (
            <option key={option} value={option}>
              {option}
            </option>
          ))}
        </select>
      )}
      {kind === "json" && <textarea aria-label={label} rows={3} placeholder="JSON" value={value} onInput={typed} />}
      {(kind === "text" || kind === "number") && (
        <input aria-label={label} inputmode={kind === "number" ? "decimal" : "text"} value={value} onInput={typed} />
      )}
    </div>
  );
}
