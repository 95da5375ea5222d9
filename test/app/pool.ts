/** What the tests' Workers runtime runs: the tests' Worker, and beside it the sessions of an app with a channel and a door that are not of the library. */
import { traces } from "../../src/doors/traces.ts";
import { type Longline, longline, serve } from "../../src/longline.ts";
import { agent } from "./agent.ts";
import { app, doors } from "./app.ts";
import { pager } from "./toy-channel.ts";
import { lines } from "./toy-door.ts";
import worker from "./worker.ts";

export { CrewAccount, CrewSession } from "./crew.ts";
export { ObservedAccount, ObservedSession } from "./observed.ts";
export { Account, Session } from "./worker.ts";

const { instructions, models } = agent;

/** An app of no door or channel of the library's own. */
export const toys = longline({
  agents: { toy: { instructions, models } },
  doors: [lines()],
  channels: [pager()],
  observe: traces(),
});
export const ToySession = toys.Session;

let served: Longline = worker;

/** From now on the Worker remembers nothing of any account, as after a start. */
export function forgetAccounts(): void {
  served = serve(app, doors);
}

const pool: Pick<Longline, "fetch" | "scheduled"> = {
  fetch: (request, bindings, context) => served.fetch(request, bindings, context),
  scheduled: (controller, bindings) => served.scheduled(controller, bindings),
};
export default pool;
