/** The Worker of the tests; its streams of UI messages are checked with the AI SDK's schema, and a fault fails the test that read it. */
import { exports } from "cloudflare:workers";
import { afterAll, afterEach, expect } from "vitest";
import { UiCheck } from "./ui-check.ts";

/** Once a test file, at its top. */
export function checkedUiWorker(): { fetch: typeof fetch } {
  const { default: worker } = exports as unknown as { default: { fetch: typeof fetch } };
  const check = new UiCheck();
  afterEach(async () => {
    expect(await check.faults()).toEqual([]);
  });
  afterAll(() => {
    expect(check.count, "checked chunks").toBeGreaterThan(0);
  });
  return { fetch: check.watch((input, init) => worker.fetch(input as string, init)) };
}
