/** How to reach this Worker, ready to copy. A key is never written out, except the one that every development server accepts. Pure. */

export interface Snippet {
  title: string;
  text: string;
}

interface SnippetFacts {
  origin: string;
  session: string;
  /** The text in place of the key. */
  key: string;
  model: string;
  /** Those that the app has: a snippet for another would not work. */
  doors: readonly string[];
}

/** The native door is always there. */
export function snippets(facts: SnippetFacts): Snippet[] {
  return all(facts)
    .filter(({ door }) => door === undefined || facts.doors.includes(door))
    .map(({ title, text }) => ({ title, text }));
}

function all({ origin, session, key, model }: SnippetFacts): (Snippet & { door?: string })[] {
  const quoted = JSON.stringify(key);
  return [
    {
      title: "curl: stream a turn",
      text: `curl -N ${origin}/v1/sessions/${session}/messages \\
  -H "Authorization: Bearer ${key}" -H "Content-Type: application/json" -H "Accept: text/event-stream" \\
  -d '{"content":"What is 17 * 23?"}'`,
    },
    {
      title: "Typed client",
      text: `import { client } from "longline/client";
const longline = client({ url: "${origin}", key: ${quoted} });
for await (const event of longline.stream("${session}", { content: "What is 17 * 23?" })) {
  if (event.type === "text.delta") console.log(event.text);
}`,
    },
    {
      title: "EventSource, in a browser",
      text: `// Your server asks for the token, with the key: POST ${origin}/v1/sessions/${session}/tokens
// {"rights":["read"],"ttl_seconds":3600}. It opens this session alone, and is renewed before it ends.
const source = new EventSource(\`${origin}/v1/sessions/${session}/events?token=\${token}\`);
source.addEventListener("text.delta", (event) => console.log(JSON.parse(event.data).text));`,
    },
    {
      title: "OpenAI, JavaScript",
      door: "openai",
      text: `import OpenAI from "openai";
const client = new OpenAI({ baseURL: "${origin}/v1", apiKey: ${quoted} });
const answer = await client.chat.completions.create(
  { model: "${model}", messages: [{ role: "user", content: "What is 17 * 23?" }] },
  { headers: { "X-Session-Id": "${session}" } },
);`,
    },
    {
      title: "OpenAI, Python",
      door: "openai",
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
      door: "aiSdk",
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
      door: "mcp",
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
