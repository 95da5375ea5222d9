/** Questions to people in Discord: a message of its own with buttons for each call that waits for approval, until it was answered. `send.ts` decides which way it is shown. */
import type { Approval, Reply } from "../channel.ts";
import { approvalMessage } from "./buttons.ts";
import type { Outgoing } from "./message-calls.ts";
import type { DiscordPosting } from "./open-ways.ts";
import { type DiscordSender, NoWay } from "./send.ts";
import { type DiscordShown, originalOf, type Shown } from "./shown.ts";

export class Questions {
  readonly #posting: DiscordPosting;
  readonly #reply: Reply;
  readonly #shown: DiscordShown;
  readonly #sender: DiscordSender;

  constructor(posting: DiscordPosting, shown: DiscordShown, sender: DiscordSender) {
    this.#posting = posting;
    this.#reply = posting.reply;
    this.#shown = shown;
    this.#sender = sender;
  }

  /** It names its session where the channel does not. */
  messageOf(approval: Approval): ReturnType<typeof approvalMessage> {
    const { session: ofChannel, user } = this.#posting.address;
    const { session } = this.#reply;
    return approvalMessage(approval, user, session === ofChannel ? undefined : session);
  }

  /** Throws `Postponed` or `NoWay`. */
  async show(approval: Approval): Promise<void> {
    const { approvals } = this.#shown;
    const before = approvals[approval.ref];
    if (before?.state === approval.state || (before === undefined && approval.state !== "open")) return;
    const message = { ...this.messageOf(approval), name: `approval ${approval.ref}` };
    if (before !== undefined) return this.#settle(before, { ...message, state: approval.state });
    approvals[approval.ref] = { ...(await this.#askFor(approval.ref, message)), state: approval.state };
  }

  /** The buttons go once they were pressed. */
  async #settle(before: DiscordShown["approvals"][string], message: Outgoing & { state: string }): Promise<void> {
    const [first] = this.#shown.messages;
    const wasHeld = before.id === first?.id && before.id !== "";
    // Where the answer's beginning has come back, they are gone.
    if (before.id !== "" && !(wasHeld && first.text !== before.text)) {
      const isDone = await this.#sender.takeOff(before, message);
      if (wasHeld && isDone) first.text = message.content;
    }
    before.state = message.state;
  }

  /** The answer's beginning comes back into its place once the approval that used it was answered. */
  giveBack(): void {
    const approval = this.#reply.approvals.find(({ ref }) => ref === this.#shown.held);
    if (approval?.state !== "open") delete this.#shown.held;
  }

  /** A message of its own for the buttons; where none can be made, the answer's first message holds them meanwhile. */
  async #askFor(ref: string, message: { content: string; components: object[]; name: string }): Promise<Shown> {
    try {
      return await this.#sender.show(message);
    } catch (error) {
      if (!(error instanceof NoWay)) throw error;
      const first = this.#shown.messages[0] ?? originalOf(this.#shown, this.#posting.address);
      const canHold = first !== undefined && this.#shown.held === undefined && this.#sender.canChange(first);
      const { stop: _, rated: __, ...rest } = first ?? { id: "" };
      // Until it is known what the message shows, it is shown again.
      if (canHold && this.#shown.messages[0] !== undefined) this.#shown.messages[0] = { ...first, text: "" };
      if (canHold && (await this.#sender.change(first, message))) {
        this.#shown.messages[0] = { ...rest, text: message.content };
        this.#shown.held = ref;
        return { ...this.#shown.messages[0] };
      }
      const line = `_A call waits for approval, and its buttons cannot be shown here (${error.message})._`;
      if (await this.#sender.lastLine(line)) return { id: "" };
      throw error;
    }
  }
}
