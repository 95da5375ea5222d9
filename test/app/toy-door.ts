/** A door that is not of the library: one message a request, its answer as plain lines, its refusals as plain words. It imports what any user's door could. */
import {
  AppError,
  type Door,
  defineDoor,
  type Encoder,
  type Frame,
  type PlacedEvent,
  Routes,
  relayStream,
  sendMessage,
} from "longline";
import * as z from "zod";

/** Each piece of text as a frame, and the reason of the end. */
class Lines implements Encoder {
  ended = false;

  events(events: readonly PlacedEvent[]): Frame[] {
    return events.flatMap(({ event }): Frame[] => {
      // A frame's text is one line.
      if (event.type === "text.delta") return [{ text: event.text.replaceAll("\n", " ") }];
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
    const taken = await sendMessage(caller, { session: c.req.param("session"), content });
    return relayStream(caller, taken, { manner: { as: "lines" }, headers: { "X-Lines": "1" } });
  });
}

function refusal(error: unknown): Response {
  return new Response(`no: ${error instanceof Error ? error.message : "?"}`, {
    status: error instanceof AppError && error.code === "unauthorized" ? 401 : 400,
  });
}
