/** The public face of the client, `longline/client`: for programs and pages that talk to a Worker. */
export {
  type Approval,
  type Client,
  type ClientOptions,
  client,
  type Entry,
  type Feedback,
  type Following,
  type NewMessage,
  type NewSession,
  type Sending,
  type Session,
  type SessionChanges,
  type SessionDetails,
  type Turn,
} from "./client/client.ts";
export type { SentEvent } from "./client/follow.ts";
export { LonglineError } from "./client/longline-error.ts";
