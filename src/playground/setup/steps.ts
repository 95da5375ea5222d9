/** What of an app is set up, and the next thing to do for each part that is not. Names only parts that the app has. Pure. */
import { addressFault, manifestLink, slackManifest } from "../../channels/slack/manifest.ts";
import type { AgentJson, HealthJson } from "../../wire/shapes.ts";

export interface SetupStep {
  title: string;
  state: "done" | "missing" | "unknown";
  words: string;
  /** What to click, or to type into a terminal or a form, in order. */
  actions: readonly { words: string; link?: string; text?: string }[];
}

export interface SetupFacts {
  origin: string;
  health: HealthJson;
  /** Of the default agent. */
  agent: Pick<AgentJson, "channels">;
  /** Absent where the key may not know. */
  channels: readonly { name: string; configured: boolean; needs: string }[] | undefined;
}

export function setupSteps({ origin, health, agent, channels }: SetupFacts): SetupStep[] {
  const isLocal = /^(?:localhost|127\.|\[::1\])/.test(new URL(origin).hostname);
  const known = channels ?? agent.channels.map((name) => ({ name, configured: undefined, needs: "" }));
  return [
    modelStep(health, isLocal),
    ...known.map(({ name, configured, needs }): SetupStep => {
      const title = name.replace(/^./, (first) => first.toUpperCase());
      if (configured === true) return { title, state: "done", words: "is configured.", actions: [] };
      const words = configured === undefined ? "is in the app." : `is in the app and needs ${needs}.`;
      return {
        title,
        state: configured === undefined ? "unknown" : "missing",
        words,
        actions: actionsOf(name, origin, isLocal),
      };
    }),
  ];
}

function modelStep({ demo, model }: HealthJson, isLocal: boolean): SetupStep {
  if (!demo) return { title: "Model", state: "done", words: `Answers come from ${model}.`, actions: [] };
  return {
    title: "Model",
    state: "missing",
    words: "Answers come from the built-in demo model.",
    actions: [secretAction("MODEL_API_KEY", isLocal)],
  };
}

function actionsOf(name: string, origin: string, isLocal: boolean): SetupStep["actions"] {
  if (name === "slack") return slackActions(origin, isLocal);
  if (name === "discord") return discordActions(origin, isLocal);
  return [];
}

function slackActions(origin: string, isLocal: boolean): SetupStep["actions"] {
  const fault = addressFault(origin);
  const manifest = slackManifest(origin);
  return [
    ...(fault === undefined ? [] : [{ words: fault }]),
    { words: "Create the app at Slack, with everything filled in", link: manifestLink(manifest) },
    { words: "Under Basic Information copy the Signing Secret", ...secretOf("SLACK_SIGNING_SECRET", isLocal) },
    { words: "Install it to the workspace and copy the Bot User OAuth Token", ...secretOf("SLACK_BOT_TOKEN", isLocal) },
  ];
}

function discordActions(origin: string, isLocal: boolean): SetupStep["actions"] {
  return [
    { words: "Make an application", link: "https://discord.com/developers/applications" },
    { words: "Copy its public key", ...secretOf("DISCORD_PUBLIC_KEY", isLocal) },
    { words: "Copy its application id", ...secretOf("DISCORD_APPLICATION_ID", isLocal) },
    { words: "Under Bot make a token", ...secretOf("DISCORD_BOT_TOKEN", isLocal) },
    { words: "Then enter this as its Interactions Endpoint URL", text: `${origin}/channels/discord` },
    { words: "Tell Discord the commands", text: "npx longline discord register" },
  ];
}

function secretAction(name: string, isLocal: boolean): SetupStep["actions"][number] {
  return { words: isLocal ? "Add to .dev.vars, and start again" : "Set it", ...secretOf(name, isLocal) };
}

function secretOf(name: string, isLocal: boolean): { text: string } {
  return { text: isLocal ? `${name}=…` : `npx wrangler secret put ${name}` };
}
