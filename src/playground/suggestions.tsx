/** Suggestions for a first message. */

const first = [
  { prompt: "What time is it in Tokyo, and what is 17 * 23?", shows: "two tools at once" },
  { prompt: "Please post 17 pencils to https://example.com/orders", shows: "a call that waits for your yes" },
  { prompt: "Hello! What can you do?", shows: "a plain answer, with its tokens and cost" },
];

export function Suggestions({ pick }: { pick(content: string): void }) {
  return (
    <section class="welcome" aria-labelledby="welcome">
      <h2 id="welcome">Say something to your agent</h2>
      <p>
        Every message becomes a turn in a durable session. Reload, close the page or kill the server in mid-answer: it
        goes on where it was.
      </p>
      <ul>
        {first.map(({ prompt, shows }) => (
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
