/** Longline that sends traces and metrics to a collector: what export costs a turn. */
import { otel } from "../../../src/doors/otel.ts";
import { benchWorker } from "./bench-worker.ts";

const { Session, Account, fetch } = benchWorker(otel());

export { Account, Session };
export default { fetch };
