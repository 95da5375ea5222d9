/** One session as a Worker would answer for it, with its entries and events in the hands of the test: the page can be shown any moment of a turn, and each event alone. */
import type { Entry } from "../../src/core/entry.ts";
import { page } from "../../src/doors/playground/page.ts";
import type { EventJson } from "../../src/wire/event-shapes.ts";
import { entryJson } from "../../src/wire/native.ts";
import { agentsJson, healthJson, sessionsJson, wordingOf } from "../playground/samples.ts";
import { bundledPage } from "./bundled-page.ts";
import type { Unplaced } from "./entries.ts";
import { serveFetch } from "./serve-fetch.ts";

type NewEntry = { [T in Entry["type"]]: Unplaced<Extract<Entry, { type: T }>> }[Entry["type"]];

export interface ChatDouble {
  url: string;
  /** Adds entries to the session, and numbers them. */
  add(...entries: NewEntry[]): void;
  /** Sends events to every page that follows the session, all in one piece. */
  send(...events: EventJson[]): void;
  /** Resolves when so many pages follow the session. */
  followed(count: number): Promise<void>;
  /** How many pages of entries were read. */
  readonly reads: number;
  /** Requests that changed something, with their bodies. */
  changes: { path: string; body: unknown }[];
  /** Further answers, by their path. */
  answers: Map<string, object>;
  close(): Promise<void>;
}

/** Serves the page and the session `id`. `kind`: of the page's files. */
export async function serveChat(id: string, kind?: Parameters<typeof bundledPage>[0]): Promise<ChatDouble> {
  const files = await bundledPage(kind);
  const plain = wordingOf([]);
  const entries: Entry[] = [];
  const readers = new Set<ReadableStreamDefaultController<Uint8Array>>();
  const watchers = new Set<() => void>();
  let reads = 0;
  const double = {
    changes: [] as ChatDouble["changes"],
    answers: new Map<string, object>(),
    get reads() {
      return reads;
    },
  };
  const lastSeq = () => entries.at(-1)?.seq ?? 0;
  const stream = () => {
    let own: ReadableStreamDefaultController<Uint8Array> | undefined;
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        own = controller;
        readers.add(controller);
        controller.enqueue(new TextEncoder().encode(": open\n\n"));
        for (const tell of watchers) tell();
      },
      cancel() {
        if (own) readers.delete(own);
      },
    });
    return new Response(body, { headers: { "Content-Type": "text/event-stream" } });
  };
  const answer = async (request: Request): Promise<Response> => {
    const { pathname, searchParams } = new URL(request.url);
    const file = files.get(pathname);
    if (file !== undefined) return new Response(file.body, { headers: { "Content-Type": file.contentType } });
    if (pathname === "/") return page({ welcome: "Longline", devKey: "dev-key" });
    if (request.method !== "GET") {
      const body: unknown = await request.json().catch(() => undefined);
      double.changes.push({ path: pathname, body });
    }
    const given = double.answers.get(pathname);
    if (given !== undefined) return Response.json(given);
    switch (pathname) {
      case "/health":
        return Response.json(healthJson);
      case "/v1/agents":
        return Response.json(agentsJson(plain));
      case "/v1/sessions":
        return Response.json({ sessions: [], next_cursor: null });
      case `/v1/sessions/${id}`:
        return Response.json({ ...sessionsJson(plain).sessions[0], id, title: id, last_seq: lastSeq(), queued: [] });
      case `/v1/sessions/${id}/entries`: {
        reads++;
        const after = Number(searchParams.get("after") ?? 0);
        const shown = entries.filter(({ seq }) => seq > after).slice(0, Number(searchParams.get("limit") ?? 500));
        return Response.json({ entries: shown.map(entryJson), last_seq: lastSeq() });
      }
      case `/v1/sessions/${id}/events`:
        return stream();
      default:
        return Response.json({ code: "not_found", detail: "There is none." }, { status: 404 });
    }
  };
  const server = await serveFetch(async (input, init) => answer(new Request(input as string, init)));
  return Object.assign(double, {
    url: server.url,
    add: (...added: NewEntry[]) => {
      for (const entry of added) entries.push({ ...entry, seq: lastSeq() + 1 } as Entry);
    },
    send: (...events: EventJson[]) => {
      const frames = events.map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`).join("");
      for (const reader of readers) reader.enqueue(new TextEncoder().encode(frames));
    },
    followed: (count: number) =>
      new Promise<void>((resolve) => {
        const look = () => {
          if (readers.size < count) return;
          watchers.delete(look);
          resolve();
        };
        watchers.add(look);
        look();
      }),
    close: async () => {
      await server.close();
    },
  });
}
