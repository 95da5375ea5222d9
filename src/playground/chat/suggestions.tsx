/** Suggestions for a first message: those that the agent has the tools for. */
import type { AgentJson } from "../../wire/shapes.ts";

const first = [
  {
    prompt: "What time is it in Tokyo, and what is 17 * 23?",
    shows: "two tools at once",
    needs: ["current_time", "calculator"],
  },
  {
    prompt: "Please post 17 pencils to https://example.com/orders",
    shows: "a call that waits for your yes",
    needs: ["send_request"],
  },
  { prompt: "Hello! What can you do?", shows: "a plain answer, with its tokens and cost", needs: [] },
];

/** `agent`: who would answer; absent until it is known. */
export function Suggestions({ agent, pick }: { agent: AgentJson | undefined; pick(content: string): void }) {
  const tools = new Set(agent?.tools.map(({ name }) => name));
  const fitting = first.filter(({ needs }) => needs.every((name) => tools.has(name)));
  return (
    <section class="welcome" aria-labelledby="welcome">
      <h2 id="welcome">Say something to your agent</h2>
      <p>
        Every message becomes a turn in a durable session. Reload, close the page or kill the server in mid-answer: it
        goes on where it was.
      </p>
      <ul>
        {fitting.map(({ prompt, shows }) => (
          <li key={prompt}>
            <button type="button" onClick={() => pick(prompt)}>
              <span>{prompt}</span>
              <small>{shows}</small>
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}
