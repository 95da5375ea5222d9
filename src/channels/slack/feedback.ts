/** The buttons for praise and blame under an answer (docs.slack.dev/reference/block-kit/block-elements/feedback-buttons-element), and the rating that a press of one gives. Pure. */

export const feedbackId = "longline_feedback";

/** `turn`: whose answer is rated. */
export interface Rated {
  session: string;
  /** Of the session (`Reply.tag`); absent in buttons of earlier versions. */
  tag?: string;
  turn: string;
}

export function feedbackBlocks(rated: Rated): Record<string, unknown>[] {
  const button = (label: string, score: number) => ({
    text: { type: "plain_text", text: label },
    accessibility_label: `Rate this answer: ${label}`,
    value: JSON.stringify({ ...rated, score }),
  });
  const buttons = {
    type: "feedback_buttons",
    action_id: feedbackId,
    positive_button: button("Good answer", 1),
    negative_button: button("Bad answer", -1),
  };
  return [{ type: "context_actions", elements: [buttons] }];
}

/** What a button carries; `undefined` when it is not one of ours. */
export function readFeedback(value: string | null | undefined): (Rated & { score: number }) | undefined {
  try {
    const { session, turn, score, tag } = JSON.parse(value ?? "") as Record<string, unknown>;
    if (typeof session !== "string" || typeof turn !== "string") return undefined;
    if (score !== 1 && score !== -1) return undefined;
    return { session, turn, score, ...(typeof tag === "string" && { tag }) };
  } catch {
    return undefined;
  }
}
