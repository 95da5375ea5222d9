/** A fork or an import whose answer between two objects is lost, or that is sent again. */
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

/** The first answer to a last step of a copy is lost. */
function loseAnswer() {
  const objects = Session.prototype as unknown as CallableObject;
  const { call: run } = objects;
  let isLost = false;
  vi.spyOn(objects, "call").mockImplementation(async function (this: CallableObject, version, method, args) {
    const answer = await run.call(this, version, method, args);
    const isLast = method === "copy" && (args[0] as { type: string }).type === "finish";
    if (!isLast || isLost) return answer;
    isLost = true;
    throw new Error("Network connection lost.");
  });
}

const copies = {
  fork: (body: object = {}) => call("POST", `/v1/sessions/${id}/fork`, { id: copy, ...body }),
  import: (body: string = lines) => call("POST", `/v1/sessions/import?id=${copy}`, body),
};
const ids = async () => (await call("GET", "/v1/sessions")).body.sessions.map((each: { id: string }) => each.id);

it.each(["fork", "import"] as const)(
  "[COPY-6] %s: a lost answer is asked for again, and none is a session more",
  async (kind) => {
    loseAnswer();
    expect((await copies[kind]()).status).toBe(201);
    expect((await ids()).toSorted()).toEqual([id, copy]);
  },
);

it("[COPY-6] another request with the id is a conflict, and changes nothing", async () => {
  await copies.import();
  const before = (await call("GET", `/v1/sessions/${copy}/export`)).text;
  const others = [copies.import, copies.fork, () => copies.import(lines.replace("Red.", "Rad."))];
  for (const other of others) expect(await other()).toMatchObject({ status: 409, body: { code: "conflict" } });
  expect((await call("GET", `/v1/sessions/${copy}/export`)).text).toBe(before);
});
