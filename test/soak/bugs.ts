/** Planted bugs: each is a file of `seams/` that takes the place of one module of the Worker, so that the soak can show that it would notice it. */

/** A bug that the soak must notice. */
export interface Bug {
  /** Of its file in `seams/`, where it is explained. */
  name: string;
  /** The module that the file replaces, a path from the root of the repository. */
  module: string;
  /** The rule and the fault by which it is noticed: on a slow machine a run has others, of which the bug is no cause. */
  caughtBy: RegExp;
}

export const bugs: readonly Bug[] = [
  {
    name: "ack-before-insert",
    caughtBy: /acknowledged messages are kept|nothing legal is refused/,
    module: "src/session/submit.ts",
  },
  { name: "count-again", caughtBy: /^ROLLOUT-20/, module: "src/account/turn-list.ts" },
  { name: "no-intent", caughtBy: /^unsafe calls/, module: "src/session/store/intents.ts" },
  { name: "no-re-arm", caughtBy: /no alarm took it up|stays (running|queued)/, module: "src/session/lifecycle.ts" },
  { name: "id-on-heartbeat", caughtBy: /^readers see|^what a client has/, module: "src/http/sse.ts" },
  { name: "retry-unsafe", caughtBy: /^unsafe calls/, module: "src/session/turn/effects.ts" },
  { name: "chat-forgets", caughtBy: /^what a client has/, module: "src/session/read/event-stream.ts" },
  { name: "words-unchecked", caughtBy: /^what a client has/, module: "src/doors/openai/chat/given-text.ts" },
  { name: "item-left-open", caughtBy: /^what a client has/, module: "src/doors/openai/responses/response-frames.ts" },
];

/** What shows that it is noticed. */
export function caught<T extends { rule: string; detail: string }>(
  { caughtBy }: Bug,
  violations: readonly T[],
): T | undefined {
  return violations.find(({ rule, detail }) => caughtBy.test(`${rule}: ${detail}`));
}
