import { expect, it } from "vitest";
import { titleFrom } from "../../src/playground/chat/title-from.ts";

it("[PAGE-8] a session is named after the first line of its first message", () => {
  expect(titleFrom("  Hello\nthere")).toBe("Hello");
  expect(titleFrom(`${"long ".repeat(30)}`)).toMatch(/^(?:long ){14}…$/);
});
