/** Asks the account for the money of a model call before it is made. One that has no budget is not asked, unless the session spends from a share; that is remembered for 25 s, so a new budget holds within 30 s. */

import type { Account } from "../../account/account.ts";
import { factsOfAccount } from "../../account/account-facts.ts";
import { accountObject } from "../../account/account-object.ts";
import type { MissingMoney } from "../../core/budget-words.ts";
import { defined } from "../../core/defined.ts";
import type { Bindings } from "../../env.ts";
import type { SessionAddress } from "../store/session-record.ts";

export class BudgetClient {
  readonly #bindings: Bindings;
  readonly #of: SessionAddress & { parent?: { hasShare: boolean } | null };
  readonly #asked: () => void;
  #unlimitedUntilMs = 0;
  #settled: Promise<void> = Promise.resolve();

  /** `asked`: called for each call of the account's object. */
  constructor(
    bindings: Bindings,
    of: SessionAddress & { parent?: { hasShare: boolean } | null },
    asked: () => void = () => {},
  ) {
    this.#bindings = bindings;
    this.#of = of;
    this.#asked = asked;
  }

  /** Sets money aside for one more call of step `seq`; what is missing when the budget does not allow it. `micros` is asked only where there may be a budget. */
  async reserve(seq: number, micros: () => number): Promise<boolean | MissingMoney> {
    if (!(await this.isLimited())) return true;
    const { account, name } = this.#of;
    await this.#settled;
    this.#asked();
    const object = accountObject(this.#bindings, account);
    const neededMicros = micros();
    const reserving = object.reserve({ session: name, seq, micros: neededMicros });
    this.#settled = reserving.then(
      () => {},
      () => {},
    );
    const answer = await reserving;
    if (answer !== "refused") return true;
    if (this.#hasShare) return false;
    this.#asked();
    return shortageOf(await object.settings(), neededMicros);
  }

  /** Settles when the account has answered all that it was sent so far. */
  get settled(): Promise<void> {
    return this.#settled;
  }

  /** Whether the account has a budget, or the session a share. */
  async isLimited(): Promise<boolean> {
    if (this.#hasShare) return true;
    if (Date.now() < this.#unlimitedUntilMs) return false;
    const { hasBudget, untilMs } = await factsOfAccount(this.#bindings, this.#of.account, this.#asked);
    if (!hasBudget) this.#unlimitedUntilMs = untilMs;
    return hasBudget;
  }

  get #hasShare(): boolean {
    return this.#of.parent?.hasShare === true;
  }

  /** The step has cost this much: the rest of what was set aside is free again. Where this call is lost, the turn's report brings it. */
  settle(seq: number, costMicros: number): void {
    if (Date.now() < this.#unlimitedUntilMs) return;
    this.#asked();
    const { account, name } = this.#of;
    this.#settled = this.#settled
      .then(() => accountObject(this.#bindings, account).settle(name, seq, costMicros))
      .catch((error: unknown) => console.warn("the account did not take what a step has cost", error));
  }
}

/** What is left may be more again by now: never shown as enough. */
export function shortageOf(of: BudgetSettings | undefined, neededMicros: number): MissingMoney {
  const { limits, spentMicros = 0, reservedMicros = 0, resetsAtMs } = of ?? {};
  const budgetMicros = limits?.budgetMicros ?? 0;
  const leftMicros = Math.max(0, Math.min(budgetMicros - spentMicros - reservedMicros, neededMicros - 1));
  return { neededMicros, leftMicros, budgetMicros, ...defined({ resetsAtMs }) };
}

type BudgetSettings = Exclude<Awaited<ReturnType<Account["settings"]>>, undefined>;
