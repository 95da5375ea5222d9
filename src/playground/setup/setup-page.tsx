/** What runs here, how to reach it, and what to enter at Slack and Discord. */
import { useEffect, useRef, useState } from "hono/jsx/dom";
import { slackManifest } from "../../channels/slack/manifest.ts";
import type { HealthJson } from "../../wire/shapes.ts";
import { apiKey, callJson } from "../shell/api.ts";
import { codeBlock } from "../shell/code-block.ts";
import { snippets } from "./snippets.ts";

export function SetupPage({ session = "my-session" }: { session?: string }) {
  const [health, setHealth] = useState<HealthJson | undefined>(undefined);
  const [key, setKey] = useState("Trying the key …");
  useEffect(() => {
    callJson<HealthJson>("/health")
      .then(setHealth)
      .catch(() => {});
    callJson("/v1/agents")
      .then(() => setKey("The key of this browser is accepted."))
      .catch((error: Error) => setKey(error.message));
  }, []);
  const { origin } = location;
  const isDev = apiKey() === "dev-key";
  const texts = snippets({ origin, session, key: isDev ? "dev-key" : "$LONGLINE_KEY", model: health?.model ?? "demo" });
  return (
    <div class="setup">
      <h1>Setup</h1>
      <p>{health === undefined ? "Loading …" : wordsOn(health)}</p>
      <p>{key}</p>
      <h2>Talk to it</h2>
      {texts.map(({ title, text }) => (
        <Snippet key={title} title={title} text={text} />
      ))}
      <h2>Slack</h2>
      <p>
        Create an app from this manifest at api.slack.com/apps, install it, and set its signing secret and bot token as{" "}
        <code>SLACK_SIGNING_SECRET</code> and <code>SLACK_BOT_TOKEN</code>.
      </p>
      <Snippet title="App manifest" text={JSON.stringify(slackManifest(origin), null, 2)} />
      <h2>Discord</h2>
      <p>
        Set <code>DISCORD_PUBLIC_KEY</code>, <code>DISCORD_APPLICATION_ID</code> and <code>DISCORD_BOT_TOKEN</code>,
        enter this interactions endpoint URL in the developer portal, and run <code>npm run discord:register</code>.
      </p>
      <Snippet title="Interactions endpoint" text={`${origin}/channels/discord`} />
    </div>
  );
}

function wordsOn({ version, model, demo }: HealthJson): string {
  const who = demo
    ? "Answers come from the built-in demo model. Set MODEL_API_KEY to use the real one."
    : `Answers come from ${model}.`;
  return `Longline ${version} runs. ${who}`;
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
