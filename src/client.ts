/** The public face of the client, `longline/client`: for programs and pages that talk to a Worker. */
export {
  type ApprovalAnswer as Approval,
  type Client,
  type ClientOptions,
  client,
  type Following,
  type GivenFeedback as Feedback,
  type NewMessage,
  type NewSession,
  type Sending,
  type SessionChanges,
} from "./client/client.ts";
export type { SentEvent } from "./client/follow.ts";
export { LonglineError } from "./client/longline-error.ts";
export type {
  EntryJson as Entry,
  SessionDetailsJson as SessionDetails,
  SessionJson as Session,
  TurnJson as Turn,
} from "./wire/shapes.ts";
