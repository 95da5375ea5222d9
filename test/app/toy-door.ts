/** A door that is not of the library: one message a request, its answer as plain lines, its refusals as plain words. */
import * as z from "zod";
import { unwrap } from "../../src/account/outcome.ts";
import { AppError } from "../../src/core/errors.ts";
import type { PlacedEvent } from "../../src/core/event.ts";
import { type Door, defineDoor } from "../../src/doors/door.ts";
import { relayStream } from "../../src/doors/relay-stream.ts";
import { Routes } from "../../src/doors/routes.ts";
import { sessionObject } from "../../src/session/session-object.ts";
import type { Encoder, Frame } from "../../src/wire/encoder.ts";

/** Each piece of text as a frame, and the reason of the end. */
class Lines implements Encoder {
  ended = false;

  events(events: readonly PlacedEvent[]): Frame[] {
    return events.flatMap(({ event }): Frame[] => {
      if (event.type === "text.delta") return [{ text: event.text }];
      if (event.type !== "turn.ended") return [];
      this.ended = true;
      return [{ text: `-- ${event.reason}` }];
    });
  }

  broken(): Frame[] {
    return [{ text: "-- broken" }];
  }

  waits(): Frame[] {
    return [];
  }
}

export function lines(): Door {
  return defineDoor({
    name: "lines",
    settings: { LINES_LONGEST: { schema: z.string().regex(/^\d+$/, "must be a whole number").transform(Number) } },
    routes: ({ LINES_LONGEST: longest = 100 }) => [["/lines", routesOf(longest)]],
    guards: ["/lines/*"],
    exposes: ["X-Lines"],
    encoders: { lines: () => new Lines() },
    refusals: { paths: /^\/lines\//, response: refusal },
    operations: async () => ({
      "POST /lines/{session}": { tag: "Lines", summary: "A line", answers: { 200: { what: "Lines." } } },
    }),
  });
}

function routesOf(longest: number): Routes {
  return new Routes({ refuse: refusal }).post("/:session", "key", async (c, caller) => {
    const content = await c.req.text();
    if (content.length > longest) throw new AppError("invalid_request", `at most ${longest} characters`);
    const to = { account: caller.account, name: c.req.param("session") };
    const request = { message: { content, options: {} }, receipt: {}, onBusy: "queue" } as const;
    const { turn } = unwrap(await sessionObject(c.env, to).send(to, request));
    return relayStream(caller, { session: to.name, turn }, { manner: { as: "lines" }, headers: { "X-Lines": "1" } });
  });
}

function refusal(error: unknown): Response {
  return new Response(`no: ${error instanceof Error ? error.message : "?"}`, {
    status: error instanceof AppError && error.code === "unauthorized" ? 401 : 400,
  });
}
