import { expect, it } from "vitest";
import { withoutEntities } from "../../src/playground/markdown/entities.ts";

it("[PAGE-8] character references in a text are read, unknown and impossible ones do no harm", () => {
  expect(withoutEntities("a &amp; b &lt;i&gt; &#8212; &#x41; &nope; &constructor; &#0; &#55296; &#9999999;")).toBe(
    "a & b <i> — A &nope; &constructor; \ufffd \ufffd \ufffd",
  );
});
