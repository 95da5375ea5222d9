/** Longline without `observe`. */
import { benchWorker } from "./bench-worker.ts";

const { Session, Account, fetch } = benchWorker();

export { Account, Session };
export default { fetch };
