/** Decides which call a fragment belongs to, where gateways leave out, blank, repeat or reuse indexes and ids, and what of it is new. Makes nothing of arguments but their bounds. */

import type { ModelEvent } from "../core/model-event.ts";
import { deepestJson } from "../core/nesting.ts";
import { JsonDepth } from "./json-depth.ts";
import { filled, isObject, member, type WireCallFragment } from "./wire.ts";

type CallEvent = Extract<ModelEvent, { type: "tool_call" }>;

/** Longest name and id that are kept: providers take names of 64 characters and ids of about as many, so a longer one is wrong in any case. */
const longestName = 256;
/** The index of the call that an old host sends as `function_call`. */
const legacyIndex = -1;

interface Slot {
  /** As the provider sent it, to find the call again. */
  id: string | undefined;
  name: string;
  pieces: string[];
  depth: JsonDepth;
  /** Each fragment brings all arguments so far. */
  isCumulative: boolean;
}

/** The calls of one answer, numbered from 0 in the order in which they first appear. */
export class CallSlots {
  readonly #slots: Slot[] = [];
  readonly #byWireIndex = new Map<number, number>();
  readonly #byId = new Map<string, number>();

  /** How many calls there are. */
  get count(): number {
    return this.#slots.length;
  }

  /** The event of a fragment; `undefined` when it only repeats what is known. */
  eventOf(fragment: WireCallFragment): CallEvent | undefined {
    const id = filled(fragment.id);
    const name = nameOf(fragment);
    const index = typeof fragment.index === "number" ? this.#slotAt(fragment.index, id, name) : this.#slotOf(id, name);
    const slot = this.#slots[index];
    if (slot === undefined) return undefined;
    const isNews = slot.pieces.length === 0 || (id !== undefined && slot.id === undefined) || slot.name === "";
    if (id !== undefined && slot.id === undefined) this.#know(index, id);
    if (slot.name === "") slot.name = name ?? "";
    const fresh = freshArguments(slot, argumentsText(fragment), id !== undefined || name !== undefined);
    if (!isNews && fresh === undefined) return undefined;
    slot.pieces.push(fresh ?? "");
    slot.depth.add(fresh ?? "");
    return {
      type: "tool_call",
      index,
      ...(id !== undefined && id.length <= longestName && { id }),
      ...(name !== undefined && { name: name.slice(0, longestName) }),
      arguments: fresh ?? "",
    };
  }

  /** The call of an old host: there is only one. */
  eventOfLegacy(call: object): CallEvent | undefined {
    return this.eventOf({ index: legacyIndex, function: call });
  }

  /**
   * What is new of the calls of a message that has everything once more. A call is known by its id, or by its name and
   * arguments however they are spaced; of the others only as many are new as the message has more than came before.
   */
  eventsOfRepetition(fragments: readonly WireCallFragment[]): CallEvent[] {
    const known = new Set(this.#slots.map(({ name, pieces }) => spelling(name, pieces.join(""))));
    const fresh = fragments.filter((fragment) => {
      const id = filled(fragment.id);
      const isKnownId = id !== undefined && this.#byId.has(id);
      return !isKnownId && !known.has(spelling(nameOf(fragment) ?? "", argumentsText(fragment)));
    });
    const more = Math.max(0, fragments.length - this.#slots.length);
    return fresh.slice(fresh.length - Math.min(more, fresh.length)).flatMap((fragment) => {
      const index = this.#open();
      const id = filled(fragment.id);
      if (id !== undefined) this.#know(index, id);
      return this.eventOf({ ...fragment, index: this.#newWireIndex(index) }) ?? [];
    });
  }

  /** By index; a named fragment with another id under a known index begins a new call all the same. */
  #slotAt(wireIndex: number, id: string | undefined, name: string | undefined): number {
    const slot = this.#byWireIndex.get(wireIndex);
    const known = slot === undefined ? undefined : this.#slots[slot]?.id;
    const another = id !== undefined && known !== undefined && id !== known && name !== undefined;
    if (slot !== undefined && !another) return slot;
    const place = this.#continued(id, name) ?? this.#open();
    this.#byWireIndex.set(wireIndex, place);
    return place;
  }

  /** The call that a fragment without a head goes on with under an index that is new: the last one, until it is whole (agno#8879). */
  #continued(id: string | undefined, name: string | undefined): number | undefined {
    const last = this.#slots.length - 1;
    const isOpen = this.#slots[last]?.depth.isWhole === false;
    return id === undefined && name === undefined && isOpen ? last : undefined;
  }

  /** Without an index: by id; a new id or a name begins a call, anything else goes on with the last one. */
  #slotOf(id: string | undefined, name: string | undefined): number {
    const known = id === undefined ? undefined : this.#byId.get(id);
    if (known !== undefined) return known;
    if (id !== undefined || name !== undefined || this.#slots.length === 0) return this.#open();
    return this.#slots.length - 1;
  }

  #know(index: number, id: string): void {
    const slot = this.#slots[index];
    if (slot !== undefined) slot.id = id;
    if (!this.#byId.has(id)) this.#byId.set(id, index);
  }

  #newWireIndex(slot: number): number {
    const wireIndex = 1_000_000 + slot;
    this.#byWireIndex.set(wireIndex, slot);
    return wireIndex;
  }

  #open(): number {
    return this.#slots.push({ id: undefined, name: "", pieces: [], depth: new JsonDepth(), isCumulative: false }) - 1;
  }
}

/** What of `text` is new; `undefined` when nothing is. `isHeaded`: the fragment has its call's id or name once more, as repetitions do. */
function freshArguments(slot: Slot, text: string, isHeaded: boolean): string | undefined {
  if (slot.pieces.length === 0) return text;
  if (text === "") return undefined;
  if (!slot.isCumulative && !(isHeaded || slot.depth.isWhole)) return text;
  if (slot.depth.isWhole && isSame(slot, text)) return undefined;
  const { chars } = slot.depth;
  if (chars < 1 || text.length < chars || !text.startsWith("{")) return text;
  const soFar = slot.pieces.join("");
  slot.pieces = [soFar];
  if (!text.startsWith(soFar)) return text;
  // Where a value may begin, the same characters may be an object inside: only whole arguments are surely a repetition there.
  if (!slot.isCumulative && !slot.depth.isWhole && /[:,[]\s*$/.test(soFar)) return text;
  slot.isCumulative ||= !slot.depth.isWhole;
  const rest = text.slice(chars);
  return rest === "" ? undefined : rest;
}

/** Whether `text` equals the call's whole arguments, apart from its white space. */
function isSame(slot: Slot, text: string): boolean {
  const depth = new JsonDepth();
  depth.add(text);
  return depth.isWhole && spelling("", slot.pieces.join("")) === spelling("", text);
}

function nameOf(fragment: WireCallFragment): string | undefined {
  return filled(member(fragment.function, "name")) ?? filled(fragment.name);
}

/** Some gateways send arguments as an object instead of its JSON text. */
function argumentsText(fragment: WireCallFragment): string {
  const value = member(fragment.function, "arguments") ?? fragment.arguments;
  if (typeof value === "string") return value;
  try {
    return isObject(value) ? JSON.stringify(value) : "";
  } catch {
    // Nested too deep to be made text again: this text is refused for that reason, too.
    return "[".repeat(deepestJson + 1);
  }
}

/** The same for calls that differ in the spacing of their arguments alone. */
function spelling(name: string, text: string): string {
  try {
    return `${name} ${JSON.stringify(JSON.parse(text || "{}"))}`;
  } catch {
    // Also of values that are nested too deep to be made text again.
    return `${name} ${text}`;
  }
}
