/** Names what a session could not send to its collector, among the account's dead deliveries. Pure. */
import { fingerprint } from "../../core/digest.ts";

export function telemetryId(session: { account: string; name: string; birth: string | null }): string {
  const { account, name, birth } = session;
  return `exp_${fingerprint(JSON.stringify([account, name, birth]))}`;
}
