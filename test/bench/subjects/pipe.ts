/** The bare pipe: the least that a Worker in front of a provider can cost. */
export default {
  async fetch(request: Request, env: { MODEL_BASE_URL: string }): Promise<Response> {
    const body = await request.text();
    const upstream = await fetch(`${env.MODEL_BASE_URL}/chat/completions`, { method: "POST", body });
    return new Response(upstream.body, { headers: { "content-type": "text/event-stream" } });
  },
};
