/** The app that a project begins with, for what its start takes. */
import app from "../../../src/cli/starter/worker.ts";
import { served } from "./bench-worker.ts";

const { Session, Account, fetch } = served(app);

export { Account, Session };
export default { fetch };
