import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, vi } from "vitest";
import { scripted } from "../../../src/test.ts";
import { serveFetch } from "../../support/serve-fetch.ts";

it("[EVAL-11] Ctrl-C ends it at once with exit code 2: results that are there are kept, and it says how to go on", async () => {
  const folder = mkdtempSync(join(tmpdir(), "longline-interrupt-"));
  const cases = join(folder, "cases.jsonl");
  writeFileSync(cases, ["a", "b"].map((id) => JSON.stringify({ id, input: `Hello ${id}` })).join("\n"));
  // The first case is answered, the second one never.
  const model = await serveFetch(async (input, init) => {
    const request = new Request(input, init);
    if ((await request.clone().text()).includes("Hello b")) return new Promise(() => {});
    return scripted(["Hello."]).fetch(request);
  });
  const given = [
    "--cases",
    cases,
    "--worker",
    "test/cli/eval/shop/worker.ts",
    "--out",
    join(folder, "out"),
    "--concurrency",
    "1",
  ];
  const env = { ...process.env, MODEL_BASE_URL: `${model.url}/v1` };
  const child = spawn(process.execPath, ["src/cli/longline.ts", "eval", ...given], {
    env,
    stdio: ["ignore", "pipe", "ignore"],
  });
  let output = "";
  child.stdout.on("data", (piece) => (output += piece));
  const lines = () => {
    const [name = ""] = existsSync(join(folder, "out")) ? readdirSync(join(folder, "out")) : [];
    const path = join(folder, "out", name, "results.jsonl");
    return name !== "" && existsSync(path) ? readFileSync(path, "utf8").trim().split("\n") : [];
  };
  try {
    await vi.waitFor(() => expect(lines()).toHaveLength(1));
    child.kill("SIGINT");
    const [code] = await once(child, "close");
    expect([code, output]).toEqual([2, expect.stringContaining("1 runs are missing: it was stopped.")]);
    expect(output).toContain("Go on: longline eval --resume ");
    expect(JSON.parse(lines()[0] ?? "")).toMatchObject({ case: "a", answer: "Hello." });
  } finally {
    child.kill("SIGKILL");
    await model.close();
    rmSync(folder, { recursive: true, force: true });
  }
});
