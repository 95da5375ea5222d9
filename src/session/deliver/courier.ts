/** Delivers what the outbox owes: shows each answer in its channel while it grows, again after failures, and gives up in the end. What it does not keep in memory is in the rows. */
import type { ChannelState } from "../../account/dead-letters.ts";
import type { DeliveryFeature, DeliverySetup, SessionDeliveries } from "../../agent/delivery-feature.ts";
import type { Outlet, Posted, Reply } from "../../channels/channel.ts";
import { alarmBackoff, backoffMs } from "../../core/backoff.ts";
import type { SessionTraces } from "../../observe/telemetry.ts";
import { watchdogMs } from "../store/heartbeat.ts";
import type { Outbox, Owed } from "../store/outbox.ts";
import { mostSubrequests, Subrequests } from "../turn/subrequests.ts";
import { pause } from "../wait.ts";
import { startTimes } from "./delivery-order.ts";
import { type ReplySources, replyOf } from "./reply.ts";

/** What the courier reads, and the rows that it keeps. */
export interface CourierSources extends ReplySources {
  outbox: Outbox;
  storage: DurableObjectStorage;
  traces?: SessionTraces;
}

/** Shorter pauses are waited for in memory. */
const shortMs = 5_000;
/** How long one attempt may take: it is a few calls. */
const attemptMs = 60_000;

/** What channels and callbacks bring. */
export const courier: DeliveryFeature = {
  session: (sources: CourierSources, setup) => new Courier(sources, setup),
};

class Courier implements SessionDeliveries {
  readonly #sources: CourierSources;
  readonly #setup: DeliverySetup;
  /** Deliveries that are being worked at. */
  readonly #busy = new Set<string>();
  /** Those of `#busy` that were woken meanwhile: there may be something new that they have not read. */
  readonly #wokenAgain = new Set<string>();
  /** Deliveries that this instance has worked at: it knows what is shown outside. */
  readonly #known = new Set<string>();
  /** Deliveries that go on in the next invocation. */
  readonly #movingOn = new Set<string>();
  /** How often each delivery was interrupted by a failure of ours, in a row. */
  readonly #failures = new Map<string, number>();
  readonly #subrequests = new Subrequests(mostSubrequests.deliveries);
  /** Since when deliveries fail, as far as this instance saw it; what failed under an earlier one is in the rows. */
  readonly #failingSince = new Map<string, number>();
  readonly #gone = new AbortController();
  /** By channel, of what this instance delivered. Not in a row: it is for people to look at, and goes along with reports. */
  readonly #channels = new Map<string, ChannelState>();

  constructor(sources: CourierSources, setup: DeliverySetup) {
    this.#sources = sources;
    this.#setup = setup;
  }

  /** Looks after everything that is due. Returns at once. */
  resume(): void {
    if (this.#sources.feed.closed) this.#gone.abort();
    if (this.#sources.feed.closed) return;
    for (const id of this.#busy) this.#wokenAgain.add(id);
    this.#begin();
  }

  #begin(): void {
    for (const owed of this.#due(Date.now())) {
      this.#busy.add(owed.id);
      this.#setup.hold(this.#lookAfter(owed));
    }
  }

  /** What was seen of channels. */
  get channels(): ChannelState[] {
    return [...this.#channels.values()];
  }

  /** An alarm: the limits are counted anew. */
  beganInvocation(): void {
    this.#subrequests.began();
  }

  /** When the next look is due, in ms since 1970. */
  dueMs(nowMs: number): number[] {
    const all = this.#outbox.all();
    const starts = this.#startTimes(all);
    return all.flatMap(({ id, turn, nextAtMs }) => {
      if (this.#busy.has(id)) return nextAtMs === null ? [] : [nowMs + watchdogMs];
      const startMs = starts.get(id) ?? 0;
      // Those before it are being looked after, and resume this one.
      if (startMs === Number.POSITIVE_INFINITY) return [];
      if (nextAtMs !== null) return [Math.max(nextAtMs, startMs)];
      return startMs > nowMs && this.#sources.turns.firstSeq(turn) !== undefined ? [startMs] : [];
    });
  }

  get #outbox(): Outbox {
    return this.#sources.outbox;
  }

  #due(nowMs: number): Owed[] {
    const { turns } = this.#sources;
    const { open } = turns;
    const all = this.#outbox.all();
    const starts = this.#startTimes(all);
    return all.filter((owed) => {
      if (owed.state === "dead") return owed.nextAtMs !== null && owed.nextAtMs <= nowMs && !this.#busy.has(owed.id);
      if ((starts.get(owed.id) ?? 0) > nowMs) return false;
      // Only a delivery that failed has a pause; for the others the row has the watchdog's time.
      const hasFailed = owed.attempts > 0 || this.#failures.has(owed.id);
      if (this.#busy.has(owed.id) || (hasFailed && (owed.nextAtMs ?? 0) > nowMs)) return false;
      // Before its turn ends, what is shown at once needs no look.
      return this.#isLive(owed)
        ? turns.firstSeq(owed.turn) !== undefined
        : owed.turn !== open?.turn && owed.nextAtMs !== null;
    });
  }

  #startTimes(all: readonly Owed[]): Map<string, number> {
    const open = all.filter(({ state }) => state === "open");
    const queued = open.map((owed) => {
      const failingSinceMs = this.#failingSince.get(owed.id) ?? (owed.attempts > 0 ? 0 : undefined);
      return { id: owed.id, isLive: this.#isLive(owed), failingSinceMs };
    });
    return startTimes(queued);
  }

  #isLive({ address }: Owed): boolean {
    return this.#setup.outletOf(address.channel)?.live ?? false;
  }

  async #lookAfter(owed: Owed): Promise<void> {
    try {
      if (owed.state === "dead") await this.#bury(owed, owed.error ?? "");
      else await this.#deliver(owed);
    } catch (error) {
      console.error("a delivery was interrupted; it will be taken up again", error);
      if (!this.#sources.feed.closed) this.#postpone(owed.id, "Longline failed; the cause is in the Worker's log.");
    } finally {
      this.#busy.delete(owed.id);
    }
    if (this.#sources.feed.closed) return;
    if (this.#movingOn.delete(owed.id)) return this.#setup.nextInvocation?.();
    this.#setup.onIdle();
    // The next one in the row may go now, or there is something new for this one.
    if (this.#wokenAgain.delete(owed.id) || this.#outbox.byId(owed.id)?.state !== "open") this.#begin();
  }

  async #deliver(owed: Owed): Promise<void> {
    const outlet = this.#setup.outletOf(owed.address.channel);
    if (outlet === undefined) return this.#bury(owed, this.#setup.outletFault(owed.address.channel));
    let { shown, attempts } = owed;
    for (;;) {
      if (this.#sources.feed.closed) return;
      const change = this.#change();
      this.#wokenAgain.delete(owed.id);
      // An agent that was called reports when it goes on: until then nothing changes here.
      const rests = this.#sources.turns.waits.length > 0;
      const reply = replyOf(this.#sources, owed);
      if (reply === undefined) return change.forget();
      // A press may have brought a newer address.
      const address = this.#outbox.byId(owed.id)?.address ?? owed.address;
      const posted = await this.#attempt(outlet, { ...owed, address, shown, attempts }, reply);
      if (this.#sources.feed.closed) return change.forget();
      shown = posted.shown;
      this.#saw(address.channel, posted);
      if (posted.kind === "dead") return this.#bury({ ...owed, shown, attempts: attempts + 1 }, posted.error);
      if (posted.kind === "retry") {
        attempts = posted.progress ? 1 : attempts + 1;
        if (!this.#failingSince.has(owed.id)) this.#failingSince.set(owed.id, Date.now());
        const delayMs = delayOf(outlet, attempts, posted.afterMs);
        if (delayMs === undefined) return this.#bury({ ...owed, shown, attempts }, posted.error);
        if (delayMs <= shortMs) await pause(delayMs, this.#gone.signal);
        else return this.#failed({ ...owed, shown, attempts }, posted.error, delayMs);
        continue;
      }
      const failures = attempts;
      attempts = 0;
      this.#failures.delete(owed.id);
      this.#failingSince.delete(owed.id);
      if (reply.state === "ended" && posted.places !== undefined && posted.places.length > 0) {
        await this.#setup.lead(posted.places);
        if (this.#sources.feed.closed) return change.forget();
      }
      if (reply.state === "ended") {
        const startMs = outlet.live ? owed.createdAtMs : (reply.ended?.atMs ?? owed.createdAtMs);
        return this.#sources.storage.transactionSync(() => {
          this.#outbox.delivered(owed.id);
          this.#over(owed, { startMs, failures, isDead: false });
        });
      }
      if (reply.state === "waiting" || rests) {
        change.forget();
        return this.#outbox.save(owed.id, shown);
      }
      if (this.#subrequests.isSpent) {
        change.forget();
        this.#outbox.save(owed.id, shown);
        return void this.#movingOn.add(owed.id);
      }
      await Promise.all([change.happened, pause(outlet.paceMs, this.#gone.signal)]);
    }
  }

  async #attempt(outlet: Outlet, { id, turn, address, shown, attempts }: Owed, reply: Reply): Promise<Posted<unknown>> {
    const resumed = !this.#known.has(id) && shown !== undefined;
    this.#known.add(id);
    // Most attempts are one or two calls.
    this.#subrequests.count(2);
    let saved = false;
    const trace = outlet.live ? undefined : await this.#sources.traces?.deliveryParent(turn, id);
    const posted = await outlet.post({
      reply,
      address,
      shown,
      resumed,
      nowMs: Date.now(),
      ...(trace && { trace }),
      isLast: attempts >= outlet.retryMs.length,
      signal: AbortSignal.any([this.#gone.signal, AbortSignal.timeout(attemptMs)]),
      save: async (about) => {
        saved = true;
        this.#outbox.save(id, about);
        await this.#sources.storage.sync();
      },
    });
    // What was about to be made is made: after a crash no one needs to look for it.
    if (saved && posted.kind === "shown" && !this.#sources.feed.closed) this.#outbox.save(id, posted.shown);
    return posted;
  }

  #failed({ id, shown, attempts }: Owed, error: string, delayMs: number): void {
    this.#outbox.failed(id, { shown, attempts, error, nextAtMs: Date.now() + delayMs });
  }

  /** What failed by our own platform is no try of the delivery. */
  #postpone(id: string, error: string): void {
    const failures = (this.#failures.get(id) ?? 0) + 1;
    this.#failures.set(id, failures);
    const owed = this.#outbox.byId(id);
    const delayMs = backoffMs(failures, alarmBackoff, Math.random());
    if (owed?.state === "open") this.#failed(owed, error, delayMs);
    if (owed?.state === "dead")
      this.#outbox.bury(id, { ...owed, error: owed.error ?? error, nextAtMs: Date.now() + delayMs });
  }

  /** Given up. The account lists it, so that an operator can see it and try again. */
  async #bury(owed: Owed, error: string): Promise<void> {
    const { id, attempts, createdAtMs } = owed;
    this.#sources.storage.transactionSync(() => {
      const isNew = this.#outbox.byId(id)?.state === "open";
      this.#outbox.bury(id, { error, attempts, nextAtMs: Date.now() + 60_000 });
      if (isNew) this.#over(owed, { startMs: createdAtMs, failures: attempts, isDead: true });
    });
    await this.#setup.reportDead(id);
    // A caller may have requested another try meanwhile.
    if (this.#outbox.byId(id)?.state === "dead") this.#outbox.bury(id, { error, attempts, nextAtMs: null });
  }

  #saw(channel: string, posted: Posted<unknown>): void {
    const nowMs = Date.now();
    const news = posted.kind === "shown" ? { deliveredAtMs: nowMs } : { failedAtMs: nowMs, error: posted.error };
    this.#channels.set(channel, { ...this.#channels.get(channel), channel, ...news });
  }

  #over({ id, turn, address }: Owed, how: { startMs: number; failures: number; isDead: boolean }): void {
    this.#sources.traces?.deliveryOver({ id, turn, channel: address.channel, ...how });
  }

  /** The next change of what the session shows, whenever it comes. */
  #change(): { happened: Promise<void>; forget(): void } {
    const { promise, resolve } = Promise.withResolvers<void>();
    const unsubscribe = this.#sources.feed.subscribe(() => {
      unsubscribe();
      resolve();
    });
    return { happened: promise, forget: () => unsubscribe() };
  }
}

/** With up to a tenth more or less, so that what failed together does not come back together; `undefined` when it was tried often enough. */
function delayOf({ retryMs }: Outlet, attempts: number, afterMs: number | undefined): number | undefined {
  const standard = retryMs[attempts - 1];
  if (standard === undefined) return undefined;
  return Math.round(Math.max(afterMs ?? 0, standard * (0.9 + Math.random() * 0.2)));
}
