import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { beginInstall, finishInstall } from "../../src/channels/slack/install.ts";
import { receiveSlack } from "../../src/channels/slack/receive.ts";
import type { SlackRules } from "../../src/channels/slack/rules.ts";
import { createFakeSlack } from "../support/fake-slack.ts";

const nowMs = 1_700_000_000_000;
const settings = {
  ...{ signingSecret: "s", botToken: "xoxb-test", apiUrl: "https://slack.com/api" },
  client: { id: "1.2", secret: "c" },
};
const origin = "https://a.example";
let asked: { authorization: string | null; body: URLSearchParams }[];
let answer: object;
beforeEach(() => {
  asked = [];
  answer = { ok: true, access_token: "xoxb-other", team: { id: "T9" }, is_enterprise_install: false };
  vi.spyOn(globalThis, "fetch").mockImplementation(async (input, init) => {
    const request = new Request(input, init);
    const body = new URLSearchParams(await request.text());
    asked.push({ authorization: request.headers.get("Authorization"), body });
    return Response.json(answer);
  });
});
afterEach(() => {
  vi.restoreAllMocks();
});

async function begun() {
  const response = await beginInstall(settings, origin, nowMs);
  const location = new URL(response.headers.get("Location") ?? "");
  const cookie = (response.headers.get("Set-Cookie") ?? "").split(";")[0] ?? "";
  return { location, cookie, state: location.searchParams.get("state") ?? "", set: response.headers.get("Set-Cookie") };
}
const back = (state: string, cookie: string, more: Record<string, string> = { code: "k" }, atMs = nowMs) => ({
  url: new URL(`${origin}/channels/slack/oauth?${new URLSearchParams({ ...more, state })}`),
  cookie,
  nowMs: atMs,
});

it("[SLACK-20] installing sends the person to Slack, and the code becomes a workspace's token", async () => {
  const { location, cookie, state, set } = await begun();
  expect(location.href).toContain("https://slack.com/oauth/v2/authorize?client_id=1.2");
  expect(location.searchParams.get("scope")).toContain("chat:write");
  expect(location.searchParams.get("redirect_uri")).toBe(`${origin}/channels/slack/oauth`);
  expect(set).toMatch(/HttpOnly; SameSite=Lax; Secure$/);
  expect(await finishInstall(back(state, cookie), settings)).toEqual({ team: "T9", botToken: "xoxb-other" });
  expect(asked[0]?.authorization).toBe(`Basic ${btoa("1.2:c")}`);
  expect(asked[0]?.body.get("code")).toBe("k");
});

it("[SLACK-20] a whole organisation is kept by its own id", async () => {
  answer = { ok: true, access_token: "xoxb-org", team: null, enterprise: { id: "E1" }, is_enterprise_install: true };
  const { cookie, state } = await begun();
  expect(await finishInstall(back(state, cookie), settings)).toEqual({ team: "E1", botToken: "xoxb-org" });
});

const wrong: [string, (begun: { state: string; cookie: string }) => ReturnType<typeof back>, string][] = [
  ["no state", ({ cookie }) => back("", cookie), "state"],
  ["another browser", ({ state }) => back(state, ""), "state"],
  ["another browser's cookie", ({ state }) => back(state, `longline_slack_state=${crypto.randomUUID()}`), "state"],
  ["a state that was changed", ({ state, cookie }) => back(state.replace(/^\d+/, "9999999999999"), cookie), "state"],
  ["a state of an hour ago", ({ state, cookie }) => back(state, cookie, { code: "k" }, nowMs + 3_600_000), "state"],
  ["a person's no", ({ state, cookie }) => back(state, cookie, { error: "access_denied" }), "error"],
  ["no code", ({ state, cookie }) => back(state, cookie, {}), "code"],
];
it.each(wrong)("[SLACK-20] %s is refused, and Slack is not asked", async (_, make, field) => {
  const of = make(await begun());
  await expect(finishInstall(of, settings)).rejects.toMatchObject({ code: "invalid_request", field });
  expect(asked).toEqual([]);
});

it("[SLACK-20] a code that Slack refuses, and a workspace that the owner did not name, install nothing", async () => {
  const { cookie, state } = await begun();
  const rules: SlackRules = { allowedTeams: ["T1"] };
  await expect(finishInstall(back(state, cookie), settings, rules)).rejects.toMatchObject({ code: "forbidden" });
  answer = { ok: false, error: "invalid_code" };
  await expect(finishInstall(back(state, cookie), settings)).rejects.toThrow("invalid_code");
});

it.each([
  ["app_uninstalled", { type: "app_uninstalled" }, ["T1"]],
  ["tokens_revoked of the bot", { type: "tokens_revoked", tokens: { bot: ["UBOT"] } }, ["T1"]],
  ["tokens_revoked of a person", { type: "tokens_revoked", tokens: { oauth: ["U1"] } }, []],
])("[SLACK-20] %s", async (_, event, expected) => {
  const slack = createFakeSlack({ signingSecret: "s" });
  const { headers, body } = await slack.event(event);
  const gone: string[] = [];
  const setup = { settings, rules: {}, uninstalled: async (team: string) => void gone.push(team) };
  const inbound = await receiveSlack({ headers: new Headers(headers), body, nowMs: Date.now() }, setup);
  if (inbound.kind !== "nothing") throw new Error(inbound.kind);
  await inbound.later?.();
  expect(gone).toEqual(expected);
});
