/** instructor: typed objects out of chat completions, by tools and by JSON. */
import Instructor from "@instructor-ai/instructor";
import OpenAI from "openai";
// Its JSON Schema of a zod 4 schema is empty.
import * as z from "zod/v3";
import { type Client, expect, expectCount, failureOf, na, type Place } from "../aspects.ts";

const schema = z.object({ city: z.string(), degrees: z.number() });
const openaiOf = ({ url, key }: Place, defaultHeaders: Record<string, string> = {}) =>
  new OpenAI({ baseURL: `${url}/v1`, apiKey: key, maxRetries: 0, defaultHeaders });
/** The openai package sends a request again by itself, twice, when an answer's status or header lets it. */
async function checkRetries(place: Place): Promise<void> {
  const headers = { "X-Session-Id": place.mark };
  const openai = new OpenAI({ baseURL: `${place.url}/v1`, apiKey: place.key, defaultHeaders: headers });
  const instructor = Instructor({ client: openai, mode: "JSON" });
  await failureOf("failed turn", () => instructor.chat.completions.create(asked(place, `Fail please ${place.mark}`)));
  const answer = await fetch(`${place.url}/v1/sessions/${place.mark}/entries`, {
    headers: { Authorization: `Bearer ${place.key}` },
  });
  const { entries } = (await answer.json()) as { entries: { type: string }[] };
  expect("questions recorded of a failed turn", entries.filter(({ type }) => type === "user").length, 1);
}

const modes = ["TOOLS", "JSON", "JSON_SCHEMA", "MD_JSON"] as const;

function asked(place: Place, content: string) {
  const messages = [{ role: "user" as const, content }];
  return { model: place.model, messages, response_model: { schema, name: "Weather" } };
}

export const client: Client = {
  packages: ["@instructor-ai/instructor", "openai"],
  checks: {
    plain: na("it answers with objects only"),
    async stream(place) {
      const instructor = Instructor({ client: openaiOf(place), mode: "TOOLS" });
      const parts = await instructor.chat.completions.create({
        ...asked(place, `How warm? ${place.mark}`),
        stream: true,
      });
      const all = await Array.fromAsync(parts as AsyncIterable<object>);
      expect("last object", { ...all.at(-1), _meta: undefined }, { city: "Ulm", degrees: 21 });
    },
    async tools(place) {
      const instructor = Instructor({ client: openaiOf(place), mode: "TOOLS" });
      const { _meta, ...object } = (await instructor.chat.completions.create(
        asked(place, `How warm? ${place.mark}`),
      )) as Record<string, unknown>;
      expect("object", object, { city: "Ulm", degrees: 21 });
    },
    async structured(place) {
      for (const mode of modes) {
        const instructor = Instructor({ client: openaiOf(place), mode });
        const { _meta, ...object } = (await instructor.chat.completions.create(
          asked(place, `How warm, as JSON (${mode})? ${place.mark}`),
        )) as Record<string, unknown>;
        expect(`object in mode ${mode}`, object, { city: "Ulm", degrees: 21 });
      }
    },
    abort: na("its calls take no signal"),
    async errors(place) {
      const instructor = Instructor({ client: openaiOf({ ...place, key: "wrong-key-of-one" }), mode: "TOOLS" });
      const wrongKey = await failureOf("wrong key", () =>
        instructor.chat.completions.create(asked(place, "How warm?")),
      );
      expect("status of a wrong key", wrongKey.status, 401);
      await checkRetries(place);
    },
    async usage(place) {
      const instructor = Instructor({ client: openaiOf(place), mode: "TOOLS" });
      const { _meta } = (await instructor.chat.completions.create(asked(place, `How warm? ${place.mark}`))) as {
        _meta?: { usage?: { prompt_tokens: number; completion_tokens: number } };
      };
      expectCount("input", _meta?.usage?.prompt_tokens);
      expectCount("output", _meta?.usage?.completion_tokens);
    },
    async resume(place) {
      const instructor = Instructor({ client: openaiOf(place, { "X-Session-Id": place.mark }), mode: "TOOLS" });
      await instructor.chat.completions.create(asked(place, `How warm? ${place.mark}`));
      await instructor.chat.completions.create(asked(place, "And now?"));
      const last = (await place.seen()).at(-1);
      expect("questions of the second request", last?.body.messages.filter(({ role }) => role === "user").length, 2);
    },
  },
};
