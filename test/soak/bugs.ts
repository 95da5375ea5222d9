/** Planted bugs: exact text replacements in the product's sources, done while the Worker is built, so that the soak can show that it would notice them. */

/** One replacement. `find` must occur exactly once in `file`, a path from the root of the repository; else the build fails. */
export interface Edit {
  file: string;
  find: string;
  replace: string;
}

/** A bug that the soak must notice. */
export interface Bug {
  name: string;
  edits: readonly Edit[];
}

export const bugs: readonly Bug[] = [
  {
    // Answers before the row is written.
    name: "ack-before-insert",
    edits: [
      {
        file: "src/session/submit.ts",
        find: "const submitted = alive.session.storage.transactionSync(() => takeSubmission(alive.session, given, checks));",
        replace: `const { session } = alive;
  const take = () => session.storage.transactionSync(() => takeSubmission(session, given, checks));
  const isKnown = submittedBefore(session, given) !== undefined || (given.messages ?? []).length === 0;
  const turn = \`turn_\${session.inbox.lastId + 1}\`;
  if (!isKnown) setTimeout(() => {
    take();
    alive.work.start();
  }, 15);
  const submitted: Submitted = isKnown ? take() : { type: "accepted", turn, repeated: false, state: { status: "queued" } };`,
      },
    ],
  },
  {
    // A turn that is reported again after a lost answer counts again in its rollout.
    name: "count-again",
    edits: [
      {
        file: "src/account/account.ts",
        find: "for (const job of jobs) job.turnsEnded(added);",
        replace: "for (const job of jobs) job.turnsEnded(news.turns ?? []);",
      },
    ],
  },
  {
    // After a crash an unsafe call runs again, as if nobody had recorded that it was begun.
    name: "no-intent",
    edits: [
      {
        file: "src/session/turn/effects.ts",
        find: "if (intents.begin({ seq, readySeq, callId: call.id, effect })) await storage.sync();",
        replace: "void [intents, readySeq, storage, effect];",
      },
    ],
  },
  {
    // Neither the constructor nor the alarm takes open work up.
    name: "no-re-arm",
    edits: [
      {
        file: "src/session/lifecycle.ts",
        find: "if (session.turns.busy || !session.outbox.isEmpty || session.telemetry?.owes) work.start();",
        replace: "",
      },
      {
        file: "src/session/lifecycle.ts",
        find: 'if (expiry === "stop") work.stopAll();\n    work.resume();',
        replace: "void expiry;",
      },
    ],
  },
  {
    // A heartbeat is an event with an id, and the id is a place that was passed long ago.
    name: "id-on-heartbeat",
    edits: [
      {
        file: "src/http/sse.ts",
        find: 'return sseComment("keep-alive");',
        replace: 'return sseFrame({ event: "ping", data: {}, id: "1" });',
      },
    ],
  },
  {
    // A failed unsafe call is tried once more.
    name: "retry-unsafe",
    edits: [
      {
        file: "src/core/run-turn.ts",
        find: "const result = await effects.runTool(call, { turn, step });",
        replace: `const first = await effects.runTool(call, { turn, step });
    const result = first?.isError ? await effects.runTool(call, { turn, step }) : first;`,
      },
    ],
  },
  {
    // A stream of the chat door knows nothing of what its client has.
    name: "chat-forgets",
    edits: [
      {
        file: "src/session/read/event-stream.ts",
        find: "return seen.done < Math.max(firstSeq, from.done) ? {} : { seen };",
        replace: "return {};",
      },
    ],
  },
  {
    // What was given is passed over by its length, whatever is said now.
    name: "words-unchecked",
    edits: [
      {
        file: "src/doors/openai/chat/given-text.ts",
        find: "if (!this.#isSame && this.#now.toString() !== this.#mark) return undefined;",
        replace: "",
      },
    ],
  },
  {
    // An item of an attempt that a kill cut off stays open.
    name: "item-left-open",
    edits: [
      {
        file: "src/doors/openai/responses/item-writer.ts",
        find: "if (seen !== undefined) this.#closeSeen(seen);",
        replace: "",
      },
    ],
  },
];
