/** Deliveries of a turn's answer as spans under it, once each is over. They may end after their turn, and change nothing about its other spans. Pure. */
import type { Entry } from "../core/entry.ts";
import { ofTrace, type Span, type SpanKey, spanIdOf, type TurnPlace, turnTrace } from "./span.ts";
import { rootKey } from "./turn-spans.ts";

/** A delivery that is over. Times in ms since 1970. */
export interface DeliveryRecord {
  id: string;
  turn: string;
  channel: string;
  startMs: number;
  endMs: number;
  /** Tries that failed. */
  failures: number;
  /** It was given up. What the receiver answered is not in it. */
  isDead?: true;
}

/** What names the span of a delivery: known before it is made. */
export function deliveryKey(firstSeq: number, id: string): SpanKey {
  return { seq: firstSeq, part: `delivery ${id}` };
}

/** In the order given. `first`: the turn's first entry. */
export async function deliverySpans(
  deliveries: readonly DeliveryRecord[],
  place: TurnPlace,
  first: Entry,
): Promise<Span[]> {
  const trace = ofTrace(await turnTrace(place, first));
  return Promise.all(
    deliveries.map(async ({ id, channel, startMs, endMs, failures, isDead }): Promise<Span> => {
      const spanId = await spanIdOf(place, deliveryKey(first.seq, id));
      return {
        ...trace,
        spanId,
        parentSpanId: await spanIdOf(place, rootKey(first.seq)),
        name: `deliver ${channel}`,
        kind: "producer",
        startMs,
        endMs: Math.max(startMs, endMs),
        attributes: {
          "gen_ai.operation.name": "deliver",
          "gen_ai.conversation.id": place.session,
          "longline.delivery.id": id,
          "longline.delivery.channel": channel,
          "longline.delivery.failures": failures,
          ...(isDead && { "error.type": "delivery_failed" }),
        },
        events: [],
        links: [],
        ...(isDead && { failed: {} }),
      };
    }),
  );
}
