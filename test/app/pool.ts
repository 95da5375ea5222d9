/** What the tests' Workers runtime runs: the tests' Worker, and beside it the sessions of an app with a channel and a door that are not of the library. */
import { longline } from "../../src/longline.ts";
import { agent } from "./agent.ts";
import { pager } from "./toy-channel.ts";
import { lines } from "./toy-door.ts";

export { CrewAccount, CrewSession } from "./crew.ts";
export { ObservedAccount, ObservedSession } from "./observed.ts";
export { Account, default, Session } from "./worker.ts";

const { instructions, models } = agent;

/** An app of no door or channel of the library's own. */
export const toys = longline({ agents: { toy: { instructions, models } }, doors: [lines()], channels: [pager()] });
export const ToySession = toys.Session;
