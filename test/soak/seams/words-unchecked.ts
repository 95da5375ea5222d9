/** What was given is passed over by its length, whatever the text is now: all texts have the same mark. */
import { GivenText as Given, TextMark } from "../../../src/doors/openai/chat/given-text.ts";

export * from "../../../src/doors/openai/chat/given-text.ts";

/** As long as a mark. */
const sameForAll = "0".repeat(14);

/** Part of the export: a module of a package without side effects is left out where no export of its own is used. */
function withOneMark(): typeof Given {
  TextMark.prototype.toString = () => sameForAll;
  return Given;
}

export const GivenText = withOneMark();
