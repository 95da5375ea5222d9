/** What of a model's words is shown, and as what: whole characters, reasoning between tags apart, no special tokens. Repetitions are gone before. */
import type { ModelEvent } from "../core/model-event.ts";
import { SpecialTokens } from "./special-tokens.ts";
import { ThinkingTags } from "./thinking-tags.ts";
import { WholeCharacters } from "./whole-characters.ts";

export class AnswerText {
  readonly #reasoning = { characters: new WholeCharacters(), tokens: new SpecialTokens() };
  readonly #text = { characters: new WholeCharacters(), tokens: new SpecialTokens() };
  readonly #tags = new ThinkingTags();

  /** The events of what is new; a tail that may belong to something longer is held back. */
  say({ reasoning, text }: { reasoning: string; text: string }): ModelEvent[] {
    if (reasoning === "" && text === "") return [];
    const thought = this.#reasoning.characters.take(reasoning);
    const lead = thought === "" ? "" : this.#tags.stop();
    const said = this.#tags.take(lead + this.#text.characters.take(text));
    return eventsOf(this.#reasoning.tokens.take(thought + said.reasoning), this.#text.tokens.take(said.text));
  }

  /** What was held back, once. */
  end(): ModelEvent[] {
    const thought = this.#reasoning.characters.end();
    const last = this.#tags.take(this.#text.characters.end());
    const rest = this.#tags.end();
    const { tokens: ofReasoning } = this.#reasoning;
    const { tokens: ofText } = this.#text;
    return eventsOf(
      ofReasoning.take(thought + last.reasoning + rest.reasoning) + ofReasoning.end(),
      ofText.take(last.text + rest.text) + ofText.end(),
    );
  }
}

function eventsOf(reasoning: string, text: string): ModelEvent[] {
  return [
    ...(reasoning === "" ? [] : [{ type: "reasoning", text: reasoning } as const]),
    ...(text === "" ? [] : [{ type: "text", text } as const]),
  ];
}
