/** Makes the Workers runtime irregular: with LONGLINE_STUTTER=seed, whatever is asked of the outside, of another object or of storage is answered a random moment later, and alarms come late. See CONTRIBUTING. Changes no answer. */
import { env } from "cloudflare:test";
import { vi } from "vitest";
import { Account } from "../../src/account/account.ts";
import { Session } from "../../src/session/object.ts";
import { randomOf } from "./random.ts";

const { STUTTER: seed, PREFIXES: kv } = env as unknown as { STUTTER: string; PREFIXES: KVNamespace };
const random = randomOf(Number(seed));
const longestMs = 30;
const mostTurns = 8;
const { setTimeout: realTimeout } = globalThis;

/** Now, after some turns of the queue of microtasks, or after some milliseconds: a third each. */
async function stutter(): Promise<void> {
  const kind = random();
  if (kind < 1 / 3) return;
  if (kind > 2 / 3) return new Promise((resolve) => void realTimeout(resolve, random() * longestMs));
  for (let turns = random() * mostTurns; turns > 0; turns--) await undefined;
}

type Method = (...args: never[]) => unknown;

/** `isBefore`: it runs late, too, and not only its answer comes late. */
function delay<Name extends string>(target: { [name in Name]: Method }, name: Name, isBefore = true): void {
  const plain = target[name] as (...args: unknown[]) => unknown;
  const late = async function (this: unknown, ...args: unknown[]) {
    if (isBefore) await stutter();
    const answer = await plain.apply(this, args);
    await stutter();
    return answer;
  };
  Object.assign(target, { [name]: late });
}

for (const { prototype } of [Session, Account]) {
  delay(prototype, "call");
  delay(prototype, "alarm");
}
delay(Session.prototype, "fetch");
for (const name of ["get", "put", "delete", "list"] as const)
  delay(Object.getPrototypeOf(kv) as Record<typeof name, Method>, name);

/** Only an object can get at the class of its storage. */
const { call } = Session.prototype;
let isFound = false;
Session.prototype.call = function (this: Session, ...args) {
  if (!isFound) delay(Object.getPrototypeOf((Reflect.get(this, "ctx") as DurableObjectState).storage), "sync");
  isFound = true;
  return call.apply(this, args);
};

// What a test puts in the place of the outside answers late, whoever made it.
const { spyOn } = vi;
Object.assign(vi, {
  spyOn(object: object, ...more: never[]) {
    const spy = Reflect.apply(spyOn, vi, [object, ...more]);
    if (object !== globalThis || more[0] !== "fetch") return spy;
    const { mockImplementation } = spy;
    spy.mockImplementation = (answer: typeof fetch) =>
      mockImplementation.call(spy, async (...asked: Parameters<typeof fetch>) => {
        await stutter();
        return answer(...asked);
      });
    return spy;
  },
});

console.info(`LONGLINE_STUTTER=${seed}`);
