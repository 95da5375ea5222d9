/** Frames of a provider's stream, for tests that decide where it is cut. */
const frame = (delta: object, finish_reason: string | null = null) =>
  `data: ${JSON.stringify({ choices: [{ index: 0, delta, finish_reason }], usage: null })}\n\n`;

export const said = (content: string) => frame({ content });
export const thought = (reasoning_content: string) => frame({ reasoning_content });

const usage = {
  prompt_tokens: 100,
  completion_tokens: 10,
  total_tokens: 110,
  prompt_cache_hit_tokens: 64,
  prompt_cache_miss_tokens: 36,
};

/** How a reply ends. */
export const over = (finish_reason = "stop") =>
  `data: ${JSON.stringify({ choices: [{ index: 0, delta: { content: "" }, finish_reason }], usage })}\n\ndata: [DONE]\n\n`;
