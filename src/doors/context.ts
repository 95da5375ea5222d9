/** What every route finds in its context: the app with its settings, the bindings, and who is asking. */
import type { Caller } from "../account/access.ts";
import type { AccountLimits } from "../account/account-record.ts";
import type { App } from "../agent/app.ts";
import type { Bindings, Settings } from "../env.ts";
import type { Operation } from "./operation.ts";

export interface RouteContext {
  Bindings: Bindings;
  Variables: {
    app: App;
    settings: Settings;
    /** What the app's doors say of their calls. */
    operations: () => Promise<Record<string, Operation>>;
    /** The authenticated account. Object names are made from this one only. */
    account: string;
    /** Who is asking, with what may be done by it. */
    caller: Caller;
    /** What the account may do. */
    limits: AccountLimits;
  };
}
