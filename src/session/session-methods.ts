/** The methods of a session's object that the Worker calls by RPC. */
import type { Methods } from "../account/call-object.ts";
import type { CopyStep } from "./store/copying.ts";
import type { Submission } from "./submit/submit-rows.ts";

/** Whether each method may be called again when it is not known whether it ran: what is submitted may where it has a name that makes it count once. */
export const sessionMethods: Methods = {
  create: true,
  tokenTag: true,
  withdrawTokens: true,
  describe: true,
  agent: true,
  change: true,
  submit: ([, submission]) => countsOnce(submission as Submission),
  taken: true,
  retryDelivery: false,
  asked: true,
  withdraw: true,
  withdrawn: true,
  addHistory: false,
  hide: true,
  compare: true,
  wait: true,
  giveFeedback: true,
  newest: true,
  cancel: true,
  entries: true,
  shownEntries: true,
  uiHistory: true,
  erase: false,
  // The last step, again, finds what it made.
  copy: ([step]) => (step as CopyStep).type === "finish",
  copyPart: false,
  search: true,
  request: true,
  trace: true,
  // The same again is answered the same.
  signal: true,
  notify: true,
  fromChild: true,
  prefix: true,
};

/** The version of the call that submits and streams at once; an object of an earlier version refuses it as too new, and runs nothing. */
export const submitVersion = 2;
/** The name of the header of a response that is no stream: the submission was not accepted. */
export const refusedHeader = "X-Refused";

/** Whether it has a name that makes it count once. */
export function countsOnce({ receipt, claims = [] }: Submission): boolean {
  return receipt?.key !== undefined || claims.length > 0;
}
