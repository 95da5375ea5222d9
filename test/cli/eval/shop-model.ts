/** A model for the tests of `longline eval`, in the place of the network: it answers by a function of the request, in the wire format of chat completions. */
import { vi } from "vitest";
import { type ScriptedRequest, type ScriptedStep, scripted } from "../../../src/test.ts";

/** What a test says of the next answers; it can be replaced at any time. */
export interface ShopModel {
  answer(request: ScriptedRequest): ScriptedStep;
  readonly requests: readonly ScriptedRequest[];
  close(): void;
}

const baseUrl = "http://127.0.0.1:9/v1";

/** Points the settings of apps that are loaded from now on to it; any other address is refused. */
export function shopModel(): ShopModel {
  const requests: ScriptedRequest[] = [];
  const model: { answer(request: ScriptedRequest): ScriptedStep } = { answer: () => "Hello." };
  const fetch: typeof globalThis.fetch = async (input, init) => {
    const url = input instanceof Request ? input.url : String(input);
    if (!url.startsWith(baseUrl)) throw new TypeError(`This test has no network: ${url}`);
    const one = scripted([
      (request) => {
        requests.push(request);
        return model.answer(request);
      },
    ]);
    return one.fetch(input, init);
  };
  vi.stubGlobal("fetch", fetch);
  vi.stubEnv("MODEL_BASE_URL", baseUrl);
  return Object.assign(model, {
    requests,
    close() {
      vi.unstubAllGlobals();
      vi.unstubAllEnvs();
    },
  });
}

/** Text of the newest message of a role. */
export function newest({ messages }: ScriptedRequest, role: string): string {
  return messages.findLast((message) => message.role === role)?.content ?? "";
}
