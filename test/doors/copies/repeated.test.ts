/** A fork or an import that is sent again, since its answer was lost. */
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { Session } from "../../app/worker.ts";
import { text } from "../../support/fake-provider.ts";
import { type Call, ownAccount } from "../../support/own-account.ts";
import { startProvider } from "../../support/session-world.ts";

let id: string;
let copy: string;
let call: Call;
let lines: string;

beforeEach(async () => {
  const provider = startProvider();
  id = crypto.randomUUID();
  copy = `${id}-copy`;
  call = await ownAccount(`rep-${id.slice(0, 20)}`);
  provider.enqueue(text("Blue."), text("Red."));
  for (const content of ["Which colour?", "Another one?"])
    await call("POST", `/v1/sessions/${id}/messages`, { content });
  lines = (await call("GET", `/v1/sessions/${id}/export`)).text;
});
afterEach(() => {
  vi.restoreAllMocks();
});

interface CallableObject {
  call(version: number, method: string, args: unknown[]): unknown;
}

/** The answers to the last steps of copies are lost; `most` of them. In the words of a deploy, after which nothing is called again, or in those of a lost connection. */
function loseAnswers(words: string, most = Number.POSITIVE_INFINITY) {
  const objects = Session.prototype as unknown as CallableObject;
  const { call: run } = objects;
  let lost = 0;
  return vi.spyOn(objects, "call").mockImplementation(async function (this: CallableObject, version, method, args) {
    const answer = await run.call(this, version, method, args);
    const isLast = method === "copy" && (args[0] as { type: string }).type === "finish";
    if (!isLast || ++lost > most) return answer;
    throw new Error(words);
  });
}

const copies = {
  fork: (body: object = {}) => call("POST", `/v1/sessions/${id}/fork`, { id: copy, ...body }),
  import: (body: string = lines) => call("POST", `/v1/sessions/import?id=${copy}`, body),
};
const ids = async () => (await call("GET", "/v1/sessions")).body.sessions.map((each: { id: string }) => each.id);

it.each(["fork", "import"] as const)(
  "[COPY-6] %s: the same request again is answered with the session that it made",
  async (kind) => {
    const lost = loseAnswers("The RPC receiver does not implement the method");
    expect((await copies[kind]()).status).toBe(503);
    lost.mockRestore();
    const again = await copies[kind]();
    expect(again).toMatchObject({ status: 201, body: { id: copy, last_seq: 6 } });
    expect((await call("GET", `/v1/sessions/${copy}`)).body).toEqual(again.body);
    // Also when it has gone on, and its source, too.
    for (const session of [id, copy]) await call("PATCH", `/v1/sessions/${session}`, { title: "Later" });
    expect(await copies[kind]()).toMatchObject({ status: 201, body: { id: copy, title: "Later" } });
    expect((await ids()).toSorted()).toEqual([id, copy]);
  },
);

it.each(["fork", "import"] as const)(
  "[COPY-6] %s: a lost answer is asked for again, and none is a session more",
  async (kind) => {
    loseAnswers("Network connection lost.", 1);
    expect((await copies[kind]()).status).toBe(201);
    expect((await ids()).toSorted()).toEqual([id, copy]);
  },
);

it.each(["fork", "import"] as const)(
  "[COPY-6] %s: sent twice at once, both are answered with one session",
  async (kind) => {
    const both = await Promise.all([copies[kind](), copies[kind]()]);
    expect(both.map(({ status }) => status)).toEqual([201, 201]);
    expect(both[0]?.body).toEqual(both[1]?.body);
  },
);

it("[COPY-6] another request with the id is a conflict, and changes nothing", async () => {
  await copies.import();
  const before = (await call("GET", `/v1/sessions/${copy}/export`)).text;
  const others = [
    () => copies.fork(),
    () => copies.import(lines.replace("Red.", "Rad.")),
    () => copies.import(lines.split("\n").slice(0, 4).join("\n")),
    () => copies.import(lines.replace(id, copy)),
    () => call("POST", "/v1/sessions/import", lines),
  ];
  for (const other of others) expect(await other()).toMatchObject({ status: 409, body: { code: "conflict" } });
  expect((await call("GET", `/v1/sessions/${copy}/export`)).text).toBe(before);
  await call("DELETE", `/v1/sessions/${copy}`);
  expect((await copies.fork({ after_seq: 3 })).status).toBe(201);
  for (const body of [{}, { after_seq: 2 }, { after_seq: 3, title: "T" }])
    expect(await copies.fork(body)).toMatchObject({ status: 409, body: { code: "conflict" } });
  expect((await copies.fork({ after_seq: 3 })).status).toBe(201);
});
