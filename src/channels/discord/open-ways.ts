/** By which ways a message can be made or changed now: whose token is good, what the bot may do, who owns a message. Makes no call. */
import type { Posting } from "../channel.ts";
import type { DiscordAddress, DiscordPress } from "./discord-address.ts";
import { type Closed, nextRung, type Verdict } from "./ladder.ts";
import { type DiscordShown, idOf, type Shown } from "./shown.ts";

export type DiscordPosting = Posting<DiscordAddress, DiscordShown>;
export type DiscordWay = "edit" | "followup" | "bot";

/** A token lives 15 minutes; a minute before, another way takes over. */
export const handOverMs = 14 * 60_000;
const tokenMs = 15 * 60_000;

export class OpenWays {
  readonly closed: ClosedWays;
  /** Whether a bot's token is set. */
  readonly hasBot: boolean;
  readonly #posting: DiscordPosting;
  readonly #shown: DiscordShown;

  constructor(posting: DiscordPosting, shown: DiscordShown, hasBot: boolean) {
    this.closed = new ClosedWays(shown);
    this.hasBot = hasBot;
    this.#posting = posting;
    this.#shown = shown;
  }

  /** The interaction whose token is used: the first one while it is good, then that of the latest press. */
  get interaction(): DiscordPress | undefined {
    const known = this.#interactions.filter(({ id }) => !this.closed.has("token", id));
    const good = known.find(({ atMs }) => this.#posting.nowMs - atMs < handOverMs);
    // Without a bot it is used until Discord refuses it.
    return good ?? (this.canBot ? undefined : known.at(-1));
  }

  get canBot(): boolean {
    return this.hasBot && !this.closed.has("bot");
  }

  get canText(): boolean {
    return !this.closed.has("text");
  }

  /** How many follow-ups can still be made. */
  get followUpsLeft(): number {
    const { interaction } = this;
    if (interaction === undefined || this.closed.has("followup", interaction.id)) return 0;
    const made = this.#shown.followUps?.[interaction.id] ?? 0;
    return Math.max(0, (interaction.followUps ?? Number.POSITIVE_INFINITY) - made);
  }

  /** How many placeholders are left for pieces of text. */
  get textSpares(): number {
    const { interaction } = this;
    if (interaction === undefined || this.closed.has("followup", interaction.id)) return 0;
    const isText = ({ via, name = "text" }: { via?: string; name?: string }) =>
      via === interaction.id && name.startsWith("text");
    return (this.#shown.spares ?? []).filter(isText).length;
  }

  /** A placeholder of the interaction in use, that a message of this name can fill. */
  spareFor(name: string): Shown | undefined {
    const { interaction } = this;
    if (interaction === undefined || this.closed.has("followup", interaction.id)) return undefined;
    const own = (this.#shown.spares ?? []).filter(({ via }) => via === interaction.id);
    return own.find((each) => each.name === name) ?? own.find((each) => each.name === undefined);
  }

  /** Who may change a message: a token its own messages and that of its button, the bot all of the application's. */
  ownerOf(target: Shown | undefined): DiscordPress | "bot" | undefined {
    if (target === undefined) return undefined;
    const { interaction, canBot } = this;
    if (interaction !== undefined && this.#isOf(interaction, target)) return interaction;
    return canBot && idOf(target) !== "@original" ? "bot" : undefined;
  }

  /** All that may change it by what is known of tokens and the bot, refused before or not. */
  everyOwnerOf(target: Shown): (DiscordPress | "bot")[] {
    const tokens = this.young.filter((each) => this.#isOf(each, target));
    return [...tokens, ...(this.hasBot && idOf(target) !== "@original" ? ["bot" as const] : [])];
  }

  wayTo({ file, name }: { file?: unknown; name: string }, target: Shown | undefined): DiscordWay | undefined {
    const open = {
      edit: this.ownerOf(target) !== undefined,
      followup: this.followUpsLeft > 0 || this.spareFor(name) !== undefined,
      bot: this.canBot,
      dm: false,
      text: file === undefined && this.canText,
      file: file !== undefined && !this.closed.has("file"),
    };
    const rung = nextRung(open);
    if (rung !== "file") return rung as DiscordWay | undefined;
    return open.edit ? "edit" : open.followup ? "followup" : "bot";
  }

  /** Interactions whose token lives, refused before or not. */
  get young(): DiscordPress[] {
    return this.#interactions.filter(({ atMs }) => this.#posting.nowMs - atMs < tokenMs);
  }

  get #interactions(): DiscordPress[] {
    const { address } = this.#posting;
    return [address, ...(address.fresh ? [address.fresh] : [])].filter(({ token }) => token !== "");
  }

  #isOf(interaction: DiscordPress, target: Shown): boolean {
    const isOwn = (target.via ?? this.#posting.address.id) === interaction.id;
    return (isOwn || (interaction.message ?? "-") === idOf(target)) && !target.byBot;
  }
}

/** A way stays closed after this many refusals whose code does not show whether the next attempt can succeed. */
const mostMisses = 3;

/** Which ways a delivery may not use any more: permanently, where the error code means that or after several refusals, else until its next attempt. */
export class ClosedWays {
  readonly #shown: DiscordShown;
  /** Those of this attempt only. */
  readonly #shut = new Set<string>();

  constructor(shown: DiscordShown) {
    this.#shown = shown;
  }

  /** `interaction`: for the ways that each interaction has for itself. */
  has(way: Closed, interaction?: string): boolean {
    const name = interaction === undefined ? way : `${way} ${interaction}`;
    return this.#shut.has(name) || (this.#shown.closed?.includes(name) ?? false);
  }

  /** Whether a way is closed in this attempt only. */
  get isShut(): boolean {
    return this.#shut.size > 0;
  }

  /** A call succeeded by these ways: their earlier refusals do not count any more. */
  worked(ways: readonly string[], interaction: string | undefined): void {
    const names = new Set(ways.map((each) => (each === "followup" ? `${each} ${interaction}` : each)));
    const misses = Object.entries(this.#shown.misses ?? {}).filter(([name]) => !names.has(name));
    if (this.#shown.misses !== undefined) this.#shown.misses = Object.fromEntries(misses);
  }

  /** `most`: after this many refusals in a row it stays closed. */
  close(
    { closed, lasting, most = mostMisses }: Extract<Verdict, { do: "next" }> & { most?: number },
    interaction: string | undefined,
  ): void {
    if (closed.includes("file") && closed.includes("dm")) this.#shown.isModerated = true;
    for (const each of closed) {
      if (each === "message") continue;
      const name = each === "token" || each === "followup" ? `${each} ${interaction}` : each;
      const count = (this.#shown.misses?.[name] ?? 0) + 1;
      this.#shown.misses = { ...this.#shown.misses, [name]: count };
      if (lasting || count >= most) this.#shown.closed = [...new Set([...(this.#shown.closed ?? []), name])];
      else this.#shut.add(name);
    }
  }
}
