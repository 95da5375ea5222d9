import { describe, expect, it } from "vitest";
import { harmless, replyMarkdown, replyText } from "../../src/channels/reply-text.ts";
import { reply, whole } from "../support/posting.ts";
import { randomOf } from "../support/random.ts";

const zero = "\u200b";
const seed = Number(process.env.SEED ?? 20261125);

describe("mentions in a model's text", () => {
  it.each([
    ["<!channel> look", `<${zero}!channel> look`],
    ["<!here|here> <!everyone> <!subteam^S1>", `<${zero}!here|here> <${zero}!everyone> <${zero}!subteam^S1>`],
    ["<@U123> and <@!5> and <@&7>", `<${zero}@U123> and <${zero}@!5> and <${zero}@&7>`],
    ["one ` backtick <@U1>", `one \` backtick <${zero}@U1>`],
    ["`` two <@U1> ` one", `\`\` two <${zero}@U1> \` one`],
    ["`a`\n\n<@U1> `", `\`a\`\n\n<${zero}@U1> \``],
    ["    ```\n<@U1>\n", `    \`\`\`\n<${zero}@U1>\n`],
    ["```a`b\n<@U1>", `\`\`\`a\`b\n<${zero}@U1>`],
  ])("[MENTION-1] ring for nobody: %j", (text, shown) => {
    expect(harmless(text)).toBe(shown);
  });

  it.each([
    "`List<@NonNull String>`",
    "`` List<@NonNull `String`> ``",
    "```java\nList<@NonNull String> names;\n```",
    "~~~\n<!channel>\n```\n<@U1>\n~~~",
    "````md\n```\n<@U1>\n````",
    "```\nno end <@U1>",
    "Generic `Map<@A, @B>` and `<!here>` in\none paragraph",
    "a < b && c <@ d",
  ])("[MENTION-1] code stays as it was written: %j", (text) => {
    expect(harmless(text)).toBe(text);
  });

  it(`[MENTION-1] what was shown of a text never changes while it grows (SEED=${seed})`, () => {
    const next = randomOf(seed);
    const bits = ["`", "``", "```", "\n", "\n\n", "~~~\n", "<@U1>", "<!here>", "a ", "    ", "```ts\n", "b"];
    for (let round = 0; round < 300; round++) {
      const text = Array.from(
        { length: 1 + Math.floor(next() * 14) },
        () => bits[Math.floor(next() * bits.length)],
      ).join("");
      const end = harmless(text);
      expect(end.replaceAll(zero, "")).toBe(text);
      for (let at = 0; at <= text.length; at++) {
        const shown = harmless(text.slice(0, at), { grows: true });
        expect(end.startsWith(shown), JSON.stringify([text, at, shown, end])).toBe(true);
      }
    }
  });

  it("[MENTION-1] a long text of backticks takes no time that grows with its square", () => {
    const text = Array.from({ length: 3_000 }, (_, n) => `${"`".repeat(1 + (n % 200))}<@U1>`).join(" ");
    expect(harmless(text.repeat(10)).length).toBeGreaterThan(text.length);
  });

  it("[MENTION-1] a messenger that can be asked not to ring gets the text as it is", () => {
    const text = "Ask <@U1>: `List<@NonNull String>`";
    expect(replyMarkdown(whole(text))).toBe(text);
    expect(replyText(whole(text))).toBe(`Ask <${zero}@U1>: \`List<@NonNull String>\``);
    expect(replyText(reply("See `List<@NonNull"))).toBe("See");
    const note = whole("", { ended: { reason: "cancelled", note: "Stopped.", atMs: 0, data: {} } });
    expect(replyMarkdown(note)).toBe("_Stopped._");
  });
});
