/** What runs here: what is set up, the next click for what is not, and how to reach it from a program. */
import { useEffect, useRef } from "hono/jsx/dom";
import type { AgentJson, HealthJson } from "../../wire/account-shapes.ts";
import type { AgentDetailsJson } from "../../wire/agent-shapes.ts";
import { callOperate } from "../shell/admin-key.ts";
import { callJson, shownKey } from "../shell/api.ts";
import { codeBlock } from "../shell/code-block.ts";
import { CopyButton } from "../shell/copy-button.tsx";
import { LoadState } from "../shell/load-state.tsx";
import { useLoad } from "../shell/use-load.ts";
import { snippets } from "./snippets.ts";
import { type SetupStep, setupSteps } from "./steps.ts";

interface SetupFound {
  health: HealthJson;
  agent: AgentJson;
  channels: AgentDetailsJson["channels"] | undefined;
}

export function SetupPage() {
  const loading = useLoad("setup", readSetup);
  const { origin } = location;
  return (
    <div class="sheet setup">
      <h1>Setup</h1>
      <LoadState loading={loading} what="what is set up" />
      <div>{loading.data && <Found found={loading.data} origin={origin} />}</div>
    </div>
  );
}

async function readSetup(signal: AbortSignal): Promise<SetupFound> {
  const health = await callJson<HealthJson>("/health", { signal });
  const { agents } = await callJson<{ agents: AgentJson[] }>("/v1/agents", { signal });
  const agent = agents.find((each) => each.default) ?? agents[0];
  if (agent === undefined) throw new Error("The app has no agent.");
  const path = `/v1/agents/${encodeURIComponent(agent.id)}`;
  // A key that may not operate sees what it may.
  const details = await callOperate<AgentDetailsJson>(path, { signal }).catch(() => undefined);
  return { health, agent, channels: details?.channels };
}

function Found({ found, origin }: { found: SetupFound; origin: string }) {
  const { health, agent } = found;
  const texts = snippets({ origin, session: "my-session", key: shownKey(), model: health.model, doors: agent.doors });
  return (
    <div class="sheet">
      <p>
        Longline {health.version} runs at {origin}, and accepts the key of this browser.
      </p>
      <h2>This app</h2>
      <ul class="cards">
        {setupSteps({ origin, ...found }).map((step) => (
          <li key={step.title} class="card">
            <Step step={step} />
          </li>
        ))}
      </ul>
      <h2>Talk to it</h2>
      <div>
        {texts.map(({ title, text }) => (
          <Snippet key={title} title={title} text={text} />
        ))}
      </div>
    </div>
  );
}

function Step({ step: { title, state, words, actions } }: { step: SetupStep }) {
  return (
    <div>
      <h3 class={`dot ${state === "done" ? "live" : state === "missing" ? "waiting" : ""}`}>{title}</h3>
      <p>{words}</p>
      <ol class="steps">
        {actions.map((action) => (
          <li key={action.words}>
            {action.link === undefined ? (
              <span>{action.words}</span>
            ) : (
              <a href={action.link} target="_blank" rel="noopener noreferrer">
                {action.words}
              </a>
            )}
            <span class="text">
              {action.text !== undefined && <code>{action.text}</code>}
              {action.text !== undefined && <CopyButton text={action.text} label={action.text} />}
            </span>
          </li>
        ))}
      </ol>
    </div>
  );
}

function Snippet({ title, text }: { title: string; text: string }) {
  const place = useRef<HTMLElement>(null);
  useEffect(() => place.current?.replaceChildren(codeBlock(text, title)), [text]);
  return (
    <section aria-label={title}>
      <div ref={place} />
    </section>
  );
}
