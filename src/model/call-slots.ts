/** Decides which call a fragment belongs to, where gateways leave out, blank, repeat or reuse indexes and ids. Joins nothing and parses no arguments. */
import type { ModelEvent } from "../core/model-event.ts";
import { filled, type WireCallFragment } from "./wire.ts";

/** The calls of one answer, numbered from 0 in the order in which they first appear. */
export class CallSlots {
  readonly #ids: (string | undefined)[] = [];
  readonly #byWireIndex = new Map<number, number>();

  eventOf(fragment: WireCallFragment): Extract<ModelEvent, { type: "tool_call" }> {
    const id = filled(fragment.id);
    const name = filled(fragment.function?.name);
    const index = typeof fragment.index === "number" ? this.#slotAt(fragment.index, id, name) : this.#slotOf(id, name);
    this.#ids[index] ??= id;
    return {
      type: "tool_call",
      index,
      ...(id !== undefined && { id }),
      ...(name !== undefined && { name }),
      arguments: argumentsText(fragment.function?.arguments),
    };
  }

  /** By index; a named fragment with another id under a known index begins a new call all the same. */
  #slotAt(wireIndex: number, id: string | undefined, name: string | undefined): number {
    const slot = this.#byWireIndex.get(wireIndex);
    const known = slot === undefined ? undefined : this.#ids[slot];
    const another = id !== undefined && known !== undefined && id !== known && name !== undefined;
    if (slot !== undefined && !another) return slot;
    const fresh = this.#open();
    this.#byWireIndex.set(wireIndex, fresh);
    return fresh;
  }

  /** Without an index: by id; a new id or a name begins a call, anything else goes on with the last one. */
  #slotOf(id: string | undefined, name: string | undefined): number {
    const known = id === undefined ? -1 : this.#ids.indexOf(id);
    if (known >= 0) return known;
    if (id !== undefined || name !== undefined || this.#ids.length === 0) return this.#open();
    return this.#ids.length - 1;
  }

  #open(): number {
    return this.#ids.push(undefined) - 1;
  }
}

/** Some gateways send arguments as an object instead of its JSON text. */
function argumentsText(value: unknown): string {
  if (typeof value === "string") return value;
  return typeof value === "object" && value !== null ? JSON.stringify(value) : "";
}
