/** A slash command's `response_url` as Slack keeps it (docs.slack.dev/interactivity/handling-user-interaction): five messages within 30 minutes, JSON, texts of bounded length. */

interface Told {
  response_type?: string;
  replace_original?: boolean;
  text?: string;
  blocks?: { type: string; text?: string }[];
}

export function createResponseUrl({ now }: { now(): number }) {
  const begunMs = now();
  const messages: Told[] = [];
  let failing = 0;
  const answer = async (input: RequestInfo | URL, init?: RequestInit): Promise<Response> => {
    const request = new Request(input, init);
    if (failing > 0) {
      failing--;
      return new Response("try again", { status: 503 });
    }
    if (now() - begunMs > 30 * 60_000 || messages.length >= 5) return new Response("used_url", { status: 404 });
    if (!/^application\/json\b/.test(request.headers.get("content-type") ?? "")) {
      return new Response("invalid_payload", { status: 400 });
    }
    const told = (await request.json()) as Told;
    const long = (told.text ?? "").length > 40_000 || (told.blocks ?? []).some(({ text = "" }) => text.length > 12_000);
    if (long || (!told.text && !told.blocks)) return new Response("invalid_payload", { status: 400 });
    messages.push(told);
    return new Response("ok");
  };
  return {
    fetch: answer as typeof fetch,
    /** What people see, in order. */
    messages,
    /** The next so many are refused, and nothing is shown. */
    fail(times: number) {
      failing = times;
    },
  };
}
