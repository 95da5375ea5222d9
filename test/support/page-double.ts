/** The page with the API's answers from samples in place of a Worker: as the build bundles it, with its own policy. For tests of what the page does with answers that a Worker seldom gives. */
import type { BrowserContext, Route } from "playwright-core";
import { page } from "../../src/doors/playground/page.ts";
import {
  accountJson,
  agentDetailsJson,
  agentsJson,
  deliveriesJson,
  entriesJson,
  healthJson,
  keysJson,
  requestJson,
  rolloutJson,
  sessionsJson,
  traceJson,
  turnJson,
  turnsJson,
  usageJson,
  versionDiffJson,
  versionsJson,
  type Wording,
} from "../playground/samples.ts";
import { bundledPage } from "./bundled-page.ts";

/** `slow`: nothing is answered until the state is another one. */
type AnswerState = "data" | "empty" | "failing" | "slow";

export const doubleUrl = "https://my-agent.example.workers.dev";

export interface PageDouble {
  state: AnswerState;
  say: Wording;
  /** How many turns and accounts there are. */
  count: number;
  /** Requests that changed something, such as `POST /v1/rollouts/ro_1/rollback`. */
  changes: string[];
  /** Answers what was held back by `slow`. */
  release(): void;
}

/** Answers every request of the context. */
export async function servePage(context: BrowserContext): Promise<PageDouble> {
  const files = await bundledPage();
  let held: (() => void)[] = [];
  const double: PageDouble = {
    state: "data",
    say: (plain) => plain,
    count: 20,
    changes: [],
    release: () => {
      for (const go of held) go();
      held = [];
    },
  };
  await context.route("**/*", async (route) => {
    const url = new URL(route.request().url());
    const file = files.get(url.pathname);
    if (file !== undefined) return route.fulfill(file);
    if (url.pathname === "/") return route.fulfill(await frame());
    if (double.state === "slow") await new Promise<void>((resolve) => held.push(resolve));
    await answer(route, url, double).catch((error: unknown) => double.changes.push(`broken answer: ${error}`));
  });
  return double;
}

async function frame() {
  const response = page({ welcome: "Longline", devKey: "dev-key" });
  return { body: await response.text(), headers: Object.fromEntries(response.headers) };
}

async function answer(route: Route, url: URL, double: PageDouble): Promise<void> {
  const method = route.request().method();
  if (method !== "GET") double.changes.push(`${method} ${url.pathname}`);
  if (double.state === "failing") {
    const json = {
      title: "Broken",
      status: 500,
      code: "internal",
      detail: double.say("The server has a fault. Try later."),
    };
    return route.fulfill({ status: 500, contentType: "application/problem+json", body: JSON.stringify(json) });
  }
  const refused =
    method === "POST" && url.pathname === "/v1/rollouts" ? rolloutFault(route.request().postDataJSON()) : [];
  if (refused.length > 0)
    return route.fulfill({ status: 400, contentType: "application/problem+json", body: JSON.stringify(refused[0]) });
  const json = await sampleOf(url, double);
  if (json === undefined) return route.fulfill({ status: 404, json: { code: "not_found", detail: "There is none." } });
  return route.fulfill({ json: double.state === "empty" ? emptied(json) : json });
}

/** As the door of rollouts says it: by the field. */
function rolloutFault({ candidate, stages }: { candidate?: string; stages: { share?: unknown }[] }): object[] {
  const wrong = stages.findIndex(({ share }) => typeof share !== "number" || share <= 0 || share > 1);
  const faults = [
    ...(candidate === undefined ? [["candidate", "must be given."]] : []),
    ...(wrong < 0 ? [] : [[`stages[${wrong}].share`, "must be above 0 and at most 1."]]),
  ];
  return faults.map(([field, what]) => ({ status: 400, code: "invalid_request", detail: `${field}: ${what}`, field }));
}

/** Lists without anything in them, but for the agents, of which every app has one. */
function emptied(json: object): object {
  const lists = ["turns", "usage", "deliveries", "channels", "versions", "rollouts", "accounts", "keys", "sessions"];
  return Object.fromEntries(Object.entries(json).map(([name, value]) => [name, lists.includes(name) ? [] : value]));
}

async function sampleOf(
  { pathname, searchParams }: URL,
  { say, count, changes }: PageDouble,
): Promise<object | undefined> {
  const rollout = () => rolloutJson(say);
  const last = changes.at(-1);
  switch (pathname.replace(/\/(?:support-42|support|ro_4be1c2|acme)(?=\/|$)/, "/:id")) {
    case "/health":
      return healthJson;
    case "/v1/turns":
      return searchParams.get("status") === "cancelled" ? { turns: [], next_cursor: null } : turnsJson(say, count);
    case "/v1/usage":
      return usageJson(searchParams.get("group_by") ?? "day", say);
    case "/v1/agents":
      return agentsJson(say);
    case "/v1/agents/:id":
      return agentDetailsJson(say);
    case "/v1/agents/:id/versions":
      if (last?.endsWith("/versions")) return { version: "v_aa11bb22cc33", ...versionDiffJson(say) };
      return searchParams.has("diff") ? versionDiffJson(say) : versionsJson(say);
    case "/v1/agents/:id/tools/order_status/run":
      return { content: say('{"order":"17","state":"open"}'), is_error: false, duration_ms: 12 };
    case "/v1/admin/accounts/:id/usage":
      return usageJson(searchParams.get("group_by") ?? "day", say);
    case "/v1/deliveries":
      return deliveriesJson(say);
    case "/v1/rollouts":
      return last === "POST /v1/rollouts" ? rollout() : { rollouts: [rollout()] };
    case "/v1/rollouts/:id/report":
    case "/v1/rollouts/:id/rollback":
      return rollout();
    case "/v1/admin/accounts":
      return { accounts: ["acme", "globex"] };
    case "/v1/admin/accounts/:id":
    case "/v1/admin/accounts/globex":
      return accountJson(pathname.split("/").at(-1) ?? "");
    case "/v1/admin/accounts/:id/keys":
      return keysJson(say);
    case "/v1/sessions":
      return sessionsJson(say, count);
    case "/v1/sessions/:id":
      return { ...sessionsJson(say).sessions[0], id: "support-42", queued: [] };
    case "/v1/sessions/:id/entries":
      return entriesJson(say);
    case "/v1/sessions/:id/turns/turn_3":
      return turnJson(say);
    case "/v1/sessions/:id/turns/turn_3/trace":
      return traceJson(say);
    default:
      return /\/requests\/\d+$/.test(pathname) ? requestJson(say) : undefined;
  }
}
