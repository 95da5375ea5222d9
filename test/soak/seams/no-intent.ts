/** After a crash an unsafe call runs again, as if its beginning had not been recorded. */
import { Intents as Recorded } from "../../../src/session/store/intents.ts";

export * from "../../../src/session/store/intents.ts";

export class Intents extends Recorded {
  override begin(): boolean {
    return false;
  }
}
