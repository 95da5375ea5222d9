/** The result text of a call that is not run, or of which it is not known whether it ran. The model and the person both read it. */
import type { WaitKind } from "./entry.ts";

export const notRun = {
  unknown:
    "Outcome unknown: the server stopped while this tool was running, and it is not safe to run it twice. Check whether it took effect before you try again.",
  crashing: (runs: number) =>
    `Outcome unknown: this tool was run ${runs} times, and each time the server stopped before it had a result. It is not run again. Try another way, or smaller input.`,
  looping:
    "Not run: you have made this same call several times, and its outcome does not change. Answer with what you have, or try something else.",
  copy: (id: string) =>
    `Not run: this is the same call as ${id} in the same reply, and running this tool twice would do harm. The result of ${id} holds for both. To do it a second time on purpose, make the call again in your next reply.`,
  stopped:
    "Stopped before it was done: the turn was ended while this tool waited or worked. Steps that had run have taken effect. Check what it did before you try again.",
  turnOver: "Not run: the turn was ended first.",
  agentStopped: "No answer: the turn was ended before the agent had answered. The agent was stopped.",
  copiedOpen:
    "Outcome unknown: this conversation was copied before this tool had a result. It may have run, or still wait, in the session that this one is a copy of. Check whether it took effect before you try again.",
  copiedWaiting:
    "No answer: this call waits in the session that this one is a copy of. To have it done here, make the call again.",
  copied:
    "No answer: the agent works for the session that this one is a copy of. To call it here, make the call again.",
  denied: (reason: string | undefined) =>
    `Not run: a person denied this call.${reason === undefined ? "" : ` They said: ${reason}`}`,
  expired: (kind: WaitKind) => expired[kind],
} as const;

const expired: Record<WaitKind, string> = {
  approval: "Not run: nobody approved this call in time.",
  client: "No result: the client that runs this tool sent none in time. It may or may not have run.",
  agent: "No answer: the agent did not answer in time, and was stopped. What it did until then may have taken effect.",
};
