/** How to reach this Worker, ready to copy. A key is never written out, except the one that every development server accepts. Pure. */

export interface Snippet {
  title: string;
  text: string;
}

/** `key`: the text in place of the key. */
export function snippets(of: { origin: string; session: string; key: string; model: string }): Snippet[] {
  const { origin, session, key, model } = of;
  const quoted = JSON.stringify(key);
  return [
    {
      title: "curl: stream a turn",
      text: `curl -N ${origin}/v1/sessions/${session}/messages \\
  -H "Authorization: Bearer ${key}" -H "Content-Type: application/json" -H "Accept: text/event-stream" \\
  -d '{"content":"What is 17 * 23?"}'`,
    },
    {
      title: "OpenAI, JavaScript",
      text: `import OpenAI from "openai";
const client = new OpenAI({ baseURL: "${origin}/v1", apiKey: ${quoted} });
const answer = await client.chat.completions.create(
  { model: "${model}", messages: [{ role: "user", content: "What is 17 * 23?" }] },
  { headers: { "X-Session-Id": "${session}" } },
);`,
    },
    {
      title: "OpenAI, Python",
      text: `from openai import OpenAI
client = OpenAI(base_url="${origin}/v1", api_key=${quoted})
answer = client.chat.completions.create(
    model="${model}",
    messages=[{"role": "user", "content": "What is 17 * 23?"}],
    extra_headers={"X-Session-Id": "${session}"},
)`,
    },
    {
      title: "AI SDK, React",
      text: `const chat = useChat({
  id: "${session}",
  resume: true,
  transport: new DefaultChatTransport({
    api: "${origin}/v1/ui/messages",
    headers: { Authorization: \`Bearer \${sessionToken}\` },
  }),
});`,
    },
    {
      title: "MCP",
      text: JSON.stringify(
        {
          mcpServers: { longline: { type: "http", url: `${origin}/mcp`, headers: { Authorization: `Bearer ${key}` } } },
        },
        null,
        2,
      ),
    },
  ];
}
