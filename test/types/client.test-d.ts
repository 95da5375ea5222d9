/** What the compiler knows of calls by the typed client. Nothing here is run: `tsc` reads it. */
import { client } from "longline/client";
import { expectTypeOf } from "vitest";

const longline = client({ url: "https://agent.example", key: "k" });

/** Not called. */
export async function calls(): Promise<void> {
  const { sessions } = await longline.sessions.list({ limit: 5 });
  expectTypeOf(sessions[0]?.status).toEqualTypeOf<"idle" | "running" | "waiting" | undefined>();
  const { last_seq } = await longline.sessions.entries("s1");
  expectTypeOf(last_seq).toEqualTypeOf<number>();
  const turn = await longline.send("s1", { content: "Hi", thinking: true }, { on_busy: "join", waitSeconds: 10 });
  expectTypeOf(turn.waiting_for?.[0]?.kind).toEqualTypeOf<"approval" | "client" | undefined>();
  for await (const event of longline.stream("s1", { content: "Hi" })) {
    if (event.type === "text.delta") expectTypeOf(event.text).toEqualTypeOf<string>();
    // @ts-expect-error other events have no text
    if (event.type === "turn.ended") event.text;
  }

  // @ts-expect-error a message has content
  longline.send("s1", { text: "Hi" });
  // @ts-expect-error there is no such policy
  longline.send("s1", { content: "Hi" }, { on_busy: "wait" });
}
