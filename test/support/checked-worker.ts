/** The Worker of the tests; what it sends at OpenAI's paths is checked against OpenAI's schemas, and a fault fails the test that read it. */
import { exports } from "cloudflare:workers";
import { afterAll, afterEach, expect } from "vitest";
import { PublisherCheck } from "./publisher-check.ts";

/** Once a test file, at its top. */
export function checkedWorker(): { fetch: typeof fetch } {
  const { default: worker } = exports as unknown as { default: { fetch: typeof fetch } };
  const check = new PublisherCheck();
  afterEach(() => {
    expect(check.faults.splice(0)).toEqual([]);
  });
  afterAll(() => {
    expect(Object.keys(check.checked), "kinds of checked values").not.toEqual([]);
  });
  return { fetch: check.watch((input, init) => worker.fetch(input as string, init)) };
}
