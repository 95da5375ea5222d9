/**
 * Checks what OpenAI's doors send against OpenAI's own schemas (`test/fixtures/openai`): each body and each event that a
 * `fetch` brings. A body is checked as far as the test reads it; the check never reads ahead, and passes a hang-up on.
 */
import { Validator } from "@cfworker/json-schema";
import { createParser } from "eventsource-parser";
import schemas from "../fixtures/openai/schemas.json" with { type: "json" };
import { type Watcher, watched } from "./watched-body.ts";

type Kind = keyof typeof schemas.roots;
type Schema = { anyOf?: { $ref?: string }[]; properties?: { type?: { const?: string } } };
const definitions = schemas.definitions as unknown as Record<string, Schema>;

const validators = new Map<string, Validator>();
function validatorOf(name: string): Validator {
  const known = validators.get(name);
  if (known !== undefined) return known;
  const validator = new Validator({ definitions: schemas.definitions, $ref: `#/definitions/${name}` }, "2020-12");
  validators.set(name, validator);
  return validator;
}

/** The definition of a value of this kind; of a union that of the value's own type. `undefined`: no door is known to send it. */
function definitionOf(kind: Kind, value: unknown): string | undefined {
  const name = schemas.roots[kind];
  const variants = definitions[name]?.anyOf;
  if (variants === undefined) return name;
  const type = (value as { type?: unknown } | null)?.type;
  const names = variants.map(({ $ref = "" }) => $ref.replace("#/definitions/", ""));
  return names.find((each) => definitions[each]?.properties?.type?.const === type);
}

/** What is wrong with a value, one line each, the innermost fault first. Members that the schema does not name are no fault. */
export function publisherFaults(kind: Kind, value: unknown): string[] {
  const name = definitionOf(kind, value);
  if (name === undefined) return [`${kind}: there is no schema for ${JSON.stringify(value)}`];
  const { valid, errors } = validatorOf(name).validate(value);
  if (valid) return [];
  const depth = (place: string) => place.split("/").length;
  const sorted = errors.toSorted((a, b) => depth(b.instanceLocation) - depth(a.instanceLocation));
  const inner = sorted.slice(0, 3).map(({ instanceLocation, error }) => `${instanceLocation}: ${error}`);
  return [`${name}: ${inner.join(" | ")} in ${JSON.stringify(value).slice(0, 1_000)}`];
}

/** What a path of OpenAI's API answers, by method. First match wins. */
const answers: [methods: string, path: RegExp, body: Kind | "models" | "deleted", event?: Kind][] = [
  ["POST", /^\/v1\/chat\/completions$/, "completion", "chunk"],
  ["GET", /^\/v1\/models$/, "models"],
  ["GET", /^\/v1\/models\//, "model"],
  ["POST", /^\/v1\/responses\/input_tokens$/, "inputTokens"],
  ["GET", /^\/v1\/responses\/[^/]+\/input_items$/, "responseItemList"],
  ["DELETE", /^\/v1\/responses\/[^/]+$/, "deleted"],
  ["GET POST", /^\/v1\/responses(\/[^/]+(\/cancel)?)?$/, "response", "event"],
  ["GET POST", /^\/v1\/conversations\/[^/]+\/items$/, "conversationItemList"],
  ["GET", /^\/v1\/conversations\/[^/]+\/items\/[^/]+$/, "conversationItem"],
  ["DELETE", /^\/v1\/conversations\/[^/]+\/items\/[^/]+$/, "conversation"],
  ["DELETE", /^\/v1\/conversations\/[^/]+$/, "conversationDeleted"],
  ["GET POST", /^\/v1\/conversations(\/[^/]+)?$/, "conversation"],
];

function bodyFaults(body: (typeof answers)[number][2], value: unknown): string[] {
  if (body === "models") {
    const { object, data } = value as { object: unknown; data: unknown[] };
    return object === "list" ? data.flatMap((each) => publisherFaults("model", each)) : ["the list of models is none"];
  }
  // The document gives no schema for it; the guide's example is `{"id", "object": "response", "deleted": true}`.
  if (body === "deleted") return (value as { deleted?: unknown }).deleted === true ? [] : ["deleted is not true"];
  return publisherFaults(body, value);
}

function frameFaults(kind: Kind, name: string | undefined, data: string): string[] {
  if (kind === "chunk" && data === "[DONE]") return [];
  const value = JSON.parse(data) as { type?: string; error?: unknown };
  // Of a stream of chunks OpenAI's clients read an error from a frame of its own (openai 7.57.0, core/streaming).
  if (kind === "chunk" && value.error !== undefined) return publisherFaults("error", value.error);
  const named = kind === "chunk" || name === value.type ? [] : [`the event ${name} has data of type ${value.type}`];
  return [...named, ...publisherFaults(kind, value)];
}

/** Values that were checked, by kind, and what was wrong. */
export class PublisherCheck {
  readonly faults: string[] = [];
  readonly checked: Record<string, number> = {};

  /** The same `fetch`; what it brings from paths of OpenAI's API is checked while it is read. */
  watch(call: typeof fetch): typeof fetch {
    return async (input, init) => {
      const answer = await call(input as string, init);
      const url = new URL(input instanceof Request ? input.url : String(input));
      const method = init?.method ?? (input instanceof Request ? input.method : "GET");
      const found = answers.find(
        ([methods, path]) => methods.includes(method.toUpperCase()) && path.test(url.pathname),
      );
      if (found === undefined || answer.body === null) return answer;
      const [, , body, event] = found;
      const isStream = answer.headers.get("Content-Type")?.startsWith("text/event-stream") === true;
      const reader = isStream && event !== undefined ? this.#frames(event) : this.#whole(answer.status, body);
      return new Response(watched(answer.body, reader), answer);
    };
  }

  #note(kind: string, faults: readonly string[]): void {
    this.checked[kind] = (this.checked[kind] ?? 0) + 1;
    this.faults.push(...faults);
  }

  #whole(status: number, body: (typeof answers)[number][2]): Watcher {
    let text = "";
    return {
      read: (piece) => {
        text += piece;
      },
      end: () => {
        if (text === "") return;
        const value = JSON.parse(text) as { error?: unknown };
        if (status >= 400) this.#note("error", publisherFaults("error", value.error));
        else this.#note(body, bodyFaults(body, value));
      },
    };
  }

  #frames(kind: Kind): Watcher {
    const parser = createParser({ onEvent: ({ event, data }) => this.#note(kind, frameFaults(kind, event, data)) });
    return { read: (piece) => parser.feed(piece), end: () => {} };
  }
}
