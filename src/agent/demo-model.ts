/** The built-in model as an app lists it: a provider inside the Worker. */
import { createDemoFetch } from "../model/demo/demo-fetch.ts";

export interface DemoModel {
  /** Answers as a provider of chat completions would. */
  fetch: typeof fetch;
}

/**
 * Answers where no provider is configured, without a key or a network. It is made with the first request to it. An app
 * that does not list it needs `MODEL_API_KEY`: its turns fail until that is set.
 */
export function demoModel(): DemoModel {
  // One for the isolate, since what it has cached is remembered in it.
  let made: typeof fetch | undefined;
  return {
    async fetch(input, init) {
      made ??= createDemoFetch();
      return made(input, init);
    },
  };
}
