/** The check of streams with the AI SDK's schema (`support/ui-check.ts`): that it notices what is wrong. */
import { expect, it } from "vitest";
import { UiCheck } from "./support/ui-check.ts";

const frames = [
  'data: {"type":"text-delta","id":"1","delta":"Hi"}',
  'data: {"type":"text-delta","id":"1"}',
  'data: {"type":"error","code":"internal","detail":"native"}',
  'event: error\ndata: {"type":"error","errorText":"named"}',
  "data: [DONE]",
];

it("[UI-10] the check of UI streams notices a chunk of another form, and an event name", async () => {
  const body = frames.map((frame) => `${frame}\n\n`).join("");
  const check = new UiCheck();
  const headers = { "x-vercel-ai-ui-message-stream": "v1", "Content-Type": "text/event-stream" };
  const call = check.watch(() => Promise.resolve(new Response(body, { headers })));
  expect(await (await call("https://x.test/v1/ui/messages")).text()).toBe(body);
  const faults = await check.faults();
  expect(faults).toHaveLength(3);
  expect(faults.join()).toMatch(/"id":"1"\}.*native.*named/);
  expect(check.count).toBe(5);
});
