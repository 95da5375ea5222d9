import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import {
  type Form,
  refusalOf,
  rungAfter,
  type SlackRung,
  type SlackWay,
  stepAfter,
} from "../../src/channels/slack/ladder.ts";

const { common, methods } = JSON.parse(readFileSync("test/fixtures/slack/errors.json", "utf8")) as {
  common: string[];
  methods: Record<string, string[]>;
};
const ways: SlackWay[] = ["thread", "response_url", "direct"];
const at = (form: Form, more: object = {}) => ({ rung: { way: "thread", form } as SlackRung, ways, tries: 1, ...more });
const codesOf = (method: string) => [...new Set([...(methods[method] ?? []), ...common])];
const posts = ["chat.startStream", "chat.postMessage"];

describe("what follows a refusal", () => {
  it.each(Object.keys(methods).flatMap((method) => codesOf(method).map((code) => ({ method, code }))))(
    "[LADDER-1] $method $code has a next step, and comes to an end",
    ({ method, code }) => {
      let rung: SlackRung = { way: "thread", form: method === "chat.startStream" ? "stream" : "blocks" };
      for (let tries = 1; tries < 40; tries++) {
        const step = stepAfter({ method, code }, { rung, ways, tries, bytes: 5_000 / tries });
        if (step.do !== "climb") continue;
        const climbed: SlackRung = step.rung;
        expect(climbed).not.toEqual(rung);
        rung = climbed;
      }
      const last = stepAfter({ method, code }, { rung, ways, tries: 40, bytes: 1 });
      const isForever = ["wait", "token"].includes(refusalOf(code));
      // The outbox ends what only waits; everything else ends by itself.
      if (!isForever && posts.includes(method)) expect(["give_up", "climb"]).toContain(last.do);
    },
  );

  it.each(posts.flatMap((method) => codesOf(method).map((code) => ({ method, code }))))(
    "[LADDER-1] $method $code: another rung, a pause, a look or smaller pieces, never silence",
    ({ method, code }) => {
      const form = method === "chat.startStream" ? "stream" : "blocks";
      const step = stepAfter({ method, code }, at(form, { bytes: 9_000 }));
      expect(["climb", "retry", "look", "smaller"]).toContain(step.do);
    },
  );

  it("[LADDER-1] a code that no list has goes to the next rung", () => {
    const refused = { method: "chat.startStream", code: "made_up_tomorrow" };
    expect(stepAfter(refused, at("stream"))).toEqual({ do: "climb", rung: { way: "thread", form: "blocks" } });
  });

  it("[LADDER-1] the rungs, from a stream to a direct message", () => {
    const seen: string[] = [];
    for (let rung: SlackRung | undefined = { way: "thread", form: "stream" }; rung; rung = rungAfter(rung, ways))
      seen.push(`${rung.way} ${rung.form}`);
    expect(seen).toEqual([
      "thread stream",
      "thread blocks",
      "thread markdown",
      "thread text",
      "response_url blocks",
      "response_url markdown",
      "response_url text",
      "direct blocks",
      "direct markdown",
      "direct text",
    ]);
    expect(rungAfter({ way: "thread", form: "blocks" }, ways, true)).toEqual({ way: "response_url", form: "blocks" });
  });

  const cases: [string, string, Form, string][] = [
    ["chat.postMessage", "invalid_blocks", "blocks", "climb"],
    ["chat.postMessage", "not_in_channel", "blocks", "climb"],
    ["chat.postMessage", "msg_too_long", "markdown", "smaller"],
    ["chat.postMessage", "internal_error", "markdown", "look"],
    ["chat.postMessage", "fatal_error", "markdown", "look"],
    ["chat.postMessage", "ratelimited", "markdown", "retry"],
    ["chat.postMessage", "token_revoked", "markdown", "retry"],
    ["chat.appendStream", "message_not_in_streaming_state", "stream", "rewrite"],
    ["chat.appendStream", "message_not_found", "stream", "anew"],
    ["chat.appendStream", "msg_blocks_too_many", "stream", "rewrite"],
    ["chat.stopStream", "user_not_found", "stream", "again"],
    ["chat.stopStream", "stopped_by_user", "stream", "rewrite"],
    ["chat.update", "streaming_state_conflict", "markdown", "stop"],
    ["chat.update", "edit_window_closed", "markdown", "simplify"],
    ["chat.update", "edit_window_closed", "text", "anew"],
    ["chat.update", "message_not_found", "markdown", "anew"],
    ["chat.delete", "message_not_found", "text", "leave"],
  ];
  it.each(cases)("[LADDER-1] %s %s (%s): %s", (method, code, form, step) => {
    expect(stepAfter({ method, code }, at(form, { bytes: 9_000 })).do).toBe(step);
  });
});
