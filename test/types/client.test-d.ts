/** What the compiler knows of calls by Hono's client. Nothing here is run: `tsc` reads it. */
import { hc } from "hono/client";
import type { NativeApi } from "longline";
import { expectTypeOf } from "vitest";

const client = hc<NativeApi>("https://agent.example");

/** Not called. */
export async function calls(): Promise<void> {
  const listed = await client.v1.sessions.$get();
  expectTypeOf(await listed.json()).toHaveProperty("sessions");
  const entries = await client.v1.sessions[":id"].entries.$get({ param: { id: "s1" } });
  expectTypeOf(await entries.json())
    .toHaveProperty("last_seq")
    .toEqualTypeOf<number>();
  const turn = await client.v1.sessions[":id"].cancel.$post({ param: { id: "s1" } });
  expectTypeOf(await turn.json())
    .toHaveProperty("session")
    .toEqualTypeOf<string>();

  // @ts-expect-error there is no such call
  client.v1.nothing.$get();
  // @ts-expect-error the session must be named
  client.v1.sessions[":id"].$get({ param: {} });
}
