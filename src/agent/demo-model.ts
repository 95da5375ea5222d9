/** The built-in model as an app lists it: a provider inside the Worker. */

export interface DemoModel {
  /** Answers as a provider of chat completions would. */
  fetch: typeof fetch;
}

/**
 * Answers where no provider is configured, without a key or a network. It is loaded with the first request to it. An app
 * that does not list it needs `MODEL_API_KEY`: its turns fail until that is set.
 */
export function demoModel(): DemoModel {
  // One for the isolate, since what it has cached is remembered in it.
  let made: Promise<typeof fetch> | undefined;
  return {
    async fetch(input, init) {
      made ??= import("../model/demo/demo-fetch.ts").then(({ createDemoFetch }) => createDemoFetch());
      return (await made)(input, init);
    },
  };
}
