/** Makes the name of a call that was passed to a client, so that its result finds the session that made the call. Pure. */

/** What a client sends back of a call. Arguments are left out: clients write them anew. */
export interface HandedCall {
  /** The newest question before the call. */
  question: string;
  id: string;
  name: string;
}

/** The same for the same call, in every session: ids of some models count from 0 in each answer (vllm#50295), so a name may have several owners. */
export function handedOutText({ question, id, name }: HandedCall): string {
  return JSON.stringify(["call", question.trim(), id, name]);
}
