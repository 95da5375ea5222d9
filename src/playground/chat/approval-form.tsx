/** The form by which a person approves one call, or denies it with a reason. What is shown above it is exactly what would be run. */
import { useState } from "hono/jsx/dom";
import { callDigest } from "../../core/shown-call.ts";
import type { CallView } from "./item-view.ts";
import type { SessionStore } from "./session-store.ts";

interface ApprovalFormProps {
  call: Pick<CallView, "id" | "name" | "arguments">;
  store: SessionStore;
}

export function ApprovalForm({ call, store }: ApprovalFormProps) {
  const [reason, setReason] = useState("");
  const [sent, setSent] = useState(false);
  const answer = async (approve: boolean) => {
    setSent(true);
    const why = reason.trim();
    // The server checks that it is this very call that was shown here.
    const digest = callDigest(call);
    await store.answer(call.id, { approve, digest, ...(!approve && why !== "" && { reason: why }) });
    setSent(false);
  };
  return (
    <div class="approval">
      <p>It runs only with your yes, and with exactly these arguments.</p>
      <div class="row">
        <button type="button" class="primary" disabled={sent} onClick={() => void answer(true)}>
          Approve
        </button>
        <button type="button" class="danger" disabled={sent} onClick={() => void answer(false)}>
          Deny
        </button>
        <input
          aria-label={`Why ${call.name} is denied`}
          placeholder="Reason for a denial (the model reads it)"
          maxLength={2000}
          value={reason}
          onInput={(event: Event) => setReason((event.target as HTMLInputElement).value)}
        />
      </div>
    </div>
  );
}
