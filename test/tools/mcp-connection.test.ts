import { afterEach, describe, expect, it, vi } from "vitest";
import { McpConnection } from "../../src/tools/mcp/connection.ts";
import { createMcpServer, type TestMcpServer } from "../support/mcp-server.ts";

afterEach(() => {
  vi.restoreAllMocks();
});

const { signal } = new AbortController();
const of = () => ({ idempotencyKey: crypto.randomUUID(), signal });
const server = { name: "test", url: "https://mcp.example.com/mcp", bearer: "secret-token" };

function connectedTo({ fetch }: Pick<TestMcpServer, "fetch">): McpConnection {
  vi.spyOn(globalThis, "fetch").mockImplementation(fetch);
  return new McpConnection(server);
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
    await expect(closed.call("add", {}, of())).rejects.toThrow(/not reached.*who are you/);
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
