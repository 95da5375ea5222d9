import { afterEach, describe, expect, it, vi } from "vitest";
import { McpConnection } from "../../src/tools/mcp/connection.ts";
import { createMcpServer, createModernMcpServer, type TestMcpServer } from "../support/mcp-server.ts";

afterEach(() => {
  vi.restoreAllMocks();
});

const { signal } = new AbortController();
const of = () => ({ idempotencyKey: crypto.randomUUID(), signal });
let servers = 0;

/** A server that nobody has asked before: which generation one speaks is remembered by its url. */
function connectedTo({ fetch }: Pick<TestMcpServer, "fetch">): McpConnection {
  return againTo({ fetch }, ++servers);
}

function againTo({ fetch }: Pick<TestMcpServer, "fetch">, which: number): McpConnection {
  vi.spyOn(globalThis, "fetch").mockImplementation(fetch);
  return new McpConnection({ name: "test", url: `https://mcp${which}.example.com/mcp`, bearer: "secret-token" });
}

const tool = { name: "add", inputSchema: { type: "object" } };

describe("a connection to an MCP server", () => {
  it("[MCP-7] greets once, sends the bearer, calls, and leaves", async () => {
    const remote = createMcpServer([tool], { bearer: "secret-token" });
    const connection = connectedTo(remote);
    expect(await connection.listTools(signal)).toEqual([
      { name: "add", description: "", inputSchema: tool.inputSchema },
    ]);
    const results = await Promise.all([connection.call("add", { a: 1 }, of()), connection.call("add", {}, of())]);
    expect(results.map(({ content }) => content)).toEqual(Array(2).fill([{ type: "text", text: "add ran" }]));
    await connection.close();
    expect(remote.sessions.size).toBe(0);
    expect(remote.asked).toEqual([
      "POST server/discover",
      "POST initialize",
      "POST notifications/initialized",
      "POST tools/list",
      "POST tools/call",
      "POST tools/call",
      "DELETE",
    ]);
  });

  it("[MCP-7] begins an expired session anew, once, and then sends the call that was not taken", async () => {
    const remote = createMcpServer([tool]);
    const connection = connectedTo(remote);
    await connection.listTools(signal);
    remote.expire();
    expect((await connection.call("add", {}, of())).content).toEqual([{ type: "text", text: "add ran" }]);
    expect(remote.ran).toHaveLength(1);
    remote.expire();
    await expect(connection.call("add", {}, of())).rejects.toThrow(/test failed.*no such session/);
    expect(remote.ran).toHaveLength(1);
  });

  it("[MCP-7] never sends a call again that may have run", async () => {
    const remote = createMcpServer([tool]);
    const connection = connectedTo({
      fetch: async (input, init) => {
        const answer = await remote.fetch(input, init);
        if (!String(init?.body).includes("tools/call")) return answer;
        await answer.text();
        throw new TypeError("connection reset");
      },
    });
    await expect(connection.call("add", {}, of())).rejects.toThrow(
      "a tool of the MCP server test failed: connection reset",
    );
    expect(remote.ran).toHaveLength(1);
  });

  it("[MCP-7] says that a tool was not run where the server was not reached", async () => {
    const remote = createMcpServer([tool]);
    remote.die();
    const words = "The MCP server test was not reached, so the tool was not run: fetch failed: connection refused";
    await expect(connectedTo(remote).call("add", {}, of())).rejects.toThrow(words);
    const closed = connectedTo(createMcpServer([tool], { bearer: "another" }));
    await expect(closed.call("add", {}, of())).rejects.toThrow(/not reached.*authorization \(HTTP 401\)/);
  });

  it("[MCP-7] tells the server which call it is, and gives up one whose answer breaks off", async () => {
    const remote = createMcpServer([tool]);
    let keys: unknown[] = [];
    const cutting: typeof fetch = async (input, init) => {
      const answer = await remote.fetch(input, init);
      const body = String(init?.body);
      if (!body.includes("tools/call")) return answer;
      keys = [...keys, JSON.parse(body).params._meta["longline/idempotency-key"]];
      const whole = await answer.text();
      return new Response(keys.length === 1 ? whole : whole.slice(0, whole.length / 2), answer);
    };
    const connection = connectedTo({ fetch: cutting });
    const first = of();
    await connection.call("add", {}, first);
    expect(keys).toEqual([first.idempotencyKey]);
    await expect(connection.call("add", {}, of())).rejects.toThrow(/broke off\. The tool may have run/);
    expect(remote.ran).toHaveLength(2);
  });

  it("[TRACE-12] [TRACE-13] a call has the trace's headers, in its `_meta` too, and nothing of them where there is no trace", async () => {
    const remote = createMcpServer([tool]);
    const sent: unknown[] = [];
    const connection = connectedTo({
      fetch: (input, init) => {
        const [headers, body] = [new Headers(init?.headers), String(init?.body)];
        const trace = { traceparent: headers.get("traceparent"), tracestate: headers.get("tracestate") };
        if (body.includes("tools/call")) sent.push([trace, JSON.parse(body).params._meta]);
        return remote.fetch(input, init);
      },
    });
    const trace = { traceparent: `00-${"a".repeat(32)}-${"b".repeat(16)}-03`, tracestate: "rojo=1,congo=2" };
    const [whole, half, none] = [of(), of(), of()];
    await connection.call("add", {}, { ...whole, ...trace });
    await connection.call("add", {}, { ...half, traceparent: trace.traceparent });
    await connection.call("add", {}, none);
    const key = ({ idempotencyKey }: typeof none) => ({ "longline/idempotency-key": idempotencyKey });
    expect(sent).toEqual([
      [trace, { ...key(whole), ...trace }],
      [
        { ...trace, tracestate: null },
        { ...key(half), traceparent: trace.traceparent },
      ],
      [{ traceparent: null, tracestate: null }, key(none)],
    ]);
  });

  it("[MCP-7] breaks off an answer that does not end", async () => {
    const remote = createMcpServer([
      { ...tool, run: () => ({ content: [{ type: "text", text: "x".repeat(9_000_000) }] }) },
    ]);
    await expect(connectedTo(remote).call("add", {}, of())).rejects.toThrow(/broke off/);
  });

  it("[MCP-6] waits for a list as long as it is told, and hangs up then", async () => {
    const begun = Promise.withResolvers<void>();
    const hungUp = Promise.withResolvers<void>();
    const connection = connectedTo({
      fetch: (_input, init) => {
        const silent = Promise.withResolvers<never>();
        begun.resolve();
        init?.signal?.addEventListener("abort", () => {
          hungUp.resolve();
          silent.reject(new Error("aborted"));
        });
        return silent.promise;
      },
    });
    const patience = new AbortController();
    const listing = connection.listTools(patience.signal);
    await begun.promise;
    patience.abort();
    await expect(listing).rejects.toThrow();
    await hungUp.promise;
  });
});

describe("a connection to a server of 2026-07-28", () => {
  it("[MCP-14] asks once which generation it speaks, then calls without any handshake, and has nothing to leave", async () => {
    const remote = createModernMcpServer([tool], { bearer: "secret-token" });
    const connection = connectedTo(remote);
    const which = servers;
    expect(await connection.listTools(signal)).toHaveLength(1);
    expect((await connection.call("add", { a: 1 }, of())).content).toEqual([{ type: "text", text: "add ran" }]);
    await connection.close();
    expect(remote.asked).toEqual(["POST server/discover", "POST tools/list", "POST tools/call"]);
    remote.asked.length = 0;
    const next = againTo(remote, which);
    await next.call("add", {}, of());
    await next.close();
    expect(remote.asked).toEqual(["POST tools/call"]);
    expect(remote.ran).toHaveLength(2);
  });

  it("[MCP-14] sends the headers of that generation, and the call's key", async () => {
    const remote = createModernMcpServer([tool]);
    const sent: { headers: Headers; body: string }[] = [];
    const connection = connectedTo({
      fetch: (input, init) => {
        sent.push({ headers: new Headers(init?.headers), body: String(init?.body) });
        return remote.fetch(input, init);
      },
    });
    const call = of();
    await connection.call("add", {}, call);
    const { headers, body } = sent.at(-1) ?? { headers: new Headers(), body: "" };
    expect(["mcp-protocol-version", "mcp-method", "mcp-name"].map((name) => headers.get(name))).toEqual([
      "2026-07-28",
      "tools/call",
      "add",
    ]);
    expect(body).toContain(call.idempotencyKey);
  });

  it("[MCP-14] a server that goes back to the generation before is asked anew after one failed call", async () => {
    const modern = createModernMcpServer([tool]);
    await connectedTo(modern).listTools(signal);
    const which = servers;
    const old = createMcpServer([tool]);
    await expect(againTo(old, which).listTools(signal)).rejects.toThrow();
    expect(await againTo(old, which).listTools(signal)).toHaveLength(1);
    expect(old.ran).toHaveLength(0);
  });

  it("[MCP-14] a server that asks a person in the middle of a call gets no answer, and the model reads so", async () => {
    const remote = createModernMcpServer([{ ...tool, asksFirst: true }]);
    await expect(connectedTo(remote).call("add", {}, of())).rejects.toThrow(/a tool of the MCP server test failed/);
    expect(remote.ran).toHaveLength(0);
  });
});

describe("the list of a server's tools", () => {
  it("[MCP-5] is read page by page, without what is no tool or too big, and with bounded descriptions", async () => {
    const remote = createMcpServer(
      [
        { name: "one", description: "x".repeat(5_000), inputSchema: { type: "object" } },
        { name: "huge", inputSchema: { type: "object", description: "x".repeat(30_000) } },
        { name: "one", description: "another of that name", inputSchema: { type: "object" } },
        { name: "two", description: "kept", inputSchema: { type: "object" } },
      ],
      { pageSize: 1 },
    );
    const tools = await connectedTo(remote).listTools(signal);
    expect(tools.map(({ name, description }) => [name, description.length])).toEqual([
      ["one", 2_000],
      ["two", 4],
    ]);
  });

  it("[MCP-5] ends after ten pages and 128 tools, whatever the server says", async () => {
    const many = (count: number) =>
      Array.from({ length: count }, (_, n) => ({ name: `t${n}`, inputSchema: { type: "object" } }));
    expect(await connectedTo(createMcpServer(many(500), { pageSize: 100 })).listTools(signal)).toHaveLength(128);
    const slow = createMcpServer(many(500), { pageSize: 1 });
    expect(await connectedTo(slow).listTools(signal)).toHaveLength(10);
  });
});
