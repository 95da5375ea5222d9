/** After each test, waits for the turns that it left running, and stops those that go on: they would ask the provider of a later test. */
import { env } from "cloudflare:workers";
import { afterEach } from "vitest";
import { rpcVersion } from "../../src/account/call-object.ts";
import type { Outcome } from "../../src/account/outcome.ts";
import { Session } from "../../src/session/object.ts";

// Those of tests may stand still.
const { setTimeout: realTimeout } = globalThis;
const lookMs = 5;
/** A turn whose test is over mostly fails at once: no one answers its provider's address any more. */
const looksBeforeStop = 20;
const mostLooks = 1_000;

/** Objects that took something in this test. */
const begun = new Map<string, DurableObjectId>();
const { submit } = Session.prototype;
Session.prototype.submit = function (this: Session, ...given: Parameters<typeof submit>) {
  const { id } = Reflect.get(this, "ctx") as DurableObjectState;
  begun.set(id.toString(), id);
  return submit.apply(this, given);
};

const namespaces = Object.entries(env)
  .filter(([name]) => name.endsWith("SESSIONS"))
  .map(([, namespace]) => namespace as unknown as DurableObjectNamespace<Session>);

afterEach(endTurns);

export async function endTurns(): Promise<void> {
  const objects = [...begun.values()];
  begun.clear();
  await Promise.all(objects.map(ended));
}

async function ended(id: DurableObjectId): Promise<void> {
  const namespace = namespaces.find((each) => each.idFromName(id.name ?? "").equals(id));
  for (let looks = 0; namespace !== undefined && looks < mostLooks; looks++) {
    // One that cannot be read runs nothing.
    const described = await callOf(namespace, id, "describe");
    if (described?.value?.status !== "running") return;
    if (looks >= looksBeforeStop) await callOf(namespace, id, "cancel");
    await new Promise<void>((resolve) => void realTimeout(resolve, lookMs));
  }
}

/** A stub of its own for each call: the object may have ended, and its stub with it. */
async function callOf(namespace: DurableObjectNamespace<Session>, id: DurableObjectId, method: string) {
  const answer = namespace.get(id).call(rpcVersion, method, []) as Promise<Outcome<{ status?: string }>>;
  return answer.then(
    (outcome) => (outcome.ok ? outcome : undefined),
    () => undefined,
  );
}
