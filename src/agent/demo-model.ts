/** WHAT a demo model is to an app: a provider inside the Worker. */
export interface DemoModel {
  /** Answers as a provider of chat completions would. */
  fetch: typeof fetch;
}
