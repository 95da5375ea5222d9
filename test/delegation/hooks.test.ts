import { abortAllDurableObjects, runDurableObjectAlarm } from "cloudflare:test";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { unwrap } from "../../src/account/outcome.ts";
import type { HookedCall } from "../../src/tools/call-hooks.ts";
import { editorHooks } from "../app/crew.ts";
import { CrewWorld, startCrew } from "../support/crew-world.ts";
import { calls, type Reply, status, text } from "../support/fake-provider.ts";

let crew: ReturnType<typeof startCrew>;
let world: CrewWorld;
let seen: (HookedCall & { content: string; isError: boolean })[];

beforeEach(() => {
  crew = startCrew();
  world = new CrewWorld();
  seen = [];
  editorHooks.after = (call, result) => void seen.push({ ...call, ...result });
});
afterEach(() => {
  vi.restoreAllMocks();
  delete editorHooks.before;
  delete editorHooks.after;
});

const call = (agent: string, task: string, id = "c1") => ({
  id,
  name: "delegate",
  arguments: JSON.stringify({ agent, task }),
});
const send = () => world.send("Go", { create: { agent: "editor" } });
const edit = async () => world.ended((await send()).turn);
/** An after hook that never returns; what is returned waits until it was called. */
function hangingHook() {
  let isCalled = false;
  editorHooks.after = () => {
    isCalled = true;
    return new Promise(() => {});
  };
  return () => vi.waitFor(() => expect(isCalled).toBe(true));
}
/** What the editor's model read of its calls. */
const read = () =>
  crew
    .askedOf("editor")[1]
    ?.body.messages.flatMap(({ role, content }: { role: string; content: string }) =>
      role === "tool" ? [content] : [],
    );

it("[DELEG-18] the after hook sees a child's answer, with what before made of the call, and changes it before the model reads it", async () => {
  editorHooks.before = ({ input }) => ({ input: { ...(input as object), task: "In metres: how high?" } });
  editorHooks.after = (hooked, result, { session, callId }) => {
    seen.push({ ...hooked, ...result });
    return { content: `${result.content} (checked in ${session.id === world.name} ${callId})` };
  };
  crew.answers("editor", calls([call("researcher", "How high?")]), text("Done."));
  crew.answers("researcher", text("8849 m."));
  const { ended } = await edit();
  expect(seen).toEqual([
    {
      ...{ name: "delegate", effect: "none", approved: false, content: "8849 m.", isError: false },
      input: { agent: "researcher", task: "In metres: how high?" },
    },
  ]);
  expect(read()).toEqual(["8849 m. (checked in true c1)"]);
  expect(ended.children).toMatchObject({ count: 1, steps: 1 });
  expect((await world.results())[0]).toMatchObject({ child: { agent: "researcher", reason: "completed" } });
  const { ledger, session } = await world.sums();
  expect(session).toBe(ledger);
});

it("[DELEG-18] it sees failures, may make an error of an answer, and a throw withholds the answer", async () => {
  editorHooks.after = (hooked, result) => {
    seen.push({ ...hooked, ...result });
    if (result.content === "b") throw new Error("not today");
    return result.content === "c" ? { isError: true } : undefined;
  };
  crew.answers("editor", calls(["a", "b", "c"].map((id) => call("writer", id, id))), text("Done."));
  // The children ask in any order.
  const byTask: Reply = (request, signal) => {
    const task = String(request.body.messages.at(-1).content);
    return (task === "a" ? status(401, { error: { message: "no key" } }) : text(task))(request, signal);
  };
  crew.answers("writer", byTask, byTask, byTask);
  await edit();
  const results = (await world.results()).toSorted((a, b) => (a.callId < b.callId ? -1 : 1));
  expect(results.map(({ isError, content }) => `${isError} ${content.slice(0, 52)}`)).toEqual(
    [
      expect.stringMatching(/^true The agent "writer" failed/),
      "true The tool has run, and its result was withheld: not today",
      "true c",
    ].map((each) => (typeof each === "string" ? each.slice(0, 57) : each)),
  );
  expect(seen.map(({ isError }) => isError).toSorted()).toEqual([false, false, true]);
});

it("[DELEG-18] refused calls, and those without an answer, are not seen by after; equal calls are seen each, and paid once", async () => {
  editorHooks.before = ({ input }) => ((input as { task: string }).task === "no" ? { refuse: "Not that." } : undefined);
  crew.answers(
    "editor",
    calls([call("writer", "no", "n"), call("writer", "x", "a"), call("writer", "x", "b")]),
    text("Done."),
  );
  crew.answers("writer", text("Snow."));
  const { ended } = await edit();
  expect(seen.map(({ content }) => content)).toEqual(["Snow.", "Snow."]);
  expect((await world.results()).map(({ content }) => content).toSorted()).toEqual([
    "Snow.",
    "Snow.",
    "The tool was not called, because it was refused: Not that.",
  ]);
  expect(ended.children?.steps).toBe(1);
  expect(unwrap(await world.stub.describe()).usage.children).toMatchObject({ count: 1, steps: 1 });
});

it("[DELEG-18] an answer that its hook has not seen comes again after a crash, and counts once", async () => {
  const hanging = hangingHook();
  crew.answers("editor", calls([call("researcher", "How high?")]), text("Done."));
  crew.answers("researcher", text("8849 m."));
  const { turn } = await send();
  await hanging();
  const child = await world.child();
  expect(await world.results()).toEqual([]);
  editorHooks.after = (hooked, result) => {
    seen.push({ ...hooked, ...result });
    return { content: "Seen." };
  };
  await abortAllDurableObjects();
  // The child has it delivered again.
  await vi.waitFor(async () => {
    await runDurableObjectAlarm(child.stub);
    await runDurableObjectAlarm(world.stub);
    expect(seen).toHaveLength(1);
  });
  await world.ended(turn);
  expect((await world.results()).map(({ content }) => content)).toEqual(["Seen."]);
  expect(unwrap(await world.stub.describe()).usage.children?.count).toBe(1);
  const { ledger, session } = await world.sums();
  expect(session).toBe(ledger);
});

it("[DELEG-18] a turn that is cancelled while the hook works ends, and what the child used is counted", async () => {
  const hanging = hangingHook();
  crew.answers("editor", calls([call("researcher", "How high?")]));
  crew.answers("researcher", text("8849 m."));
  const { turn } = await send();
  await hanging();
  unwrap(await world.stub.cancel());
  expect((await world.ended(turn)).ended.reason).toBe("cancelled");
  expect((await world.results()).map(({ isError }) => isError)).toEqual([true]);
  await vi.waitFor(async () => {
    const { ledger, session } = await world.sums();
    expect(session).toBe(ledger);
  });
  expect(unwrap(await world.stub.describe()).usage.children?.count).toBe(1);
});
