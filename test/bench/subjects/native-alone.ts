/** The native door alone, with one tool, for what its start takes. */
import app from "../../app/native-alone.ts";
import { served } from "./bench-worker.ts";

const { Session, Account, fetch } = served(app);

export { Account, Session };
export default { fetch };
