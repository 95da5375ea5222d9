import { spawnSync } from "node:child_process";
import { expect, it } from "vitest";
import { signalPath } from "../../src/playground/chat/call-words.ts";
import { curl } from "../../src/playground/shell/curl.ts";

it("[E2E-32] [PAGE-33] a request for a program is text in a shell, whatever the name of the signal and the body", () => {
  const origin = "https://my-agent.example";
  for (const name of ["shipped:17", "a'; rm -rf ~; '", "$(id)`id`", 'x" -d "y', "50% & more", "ü 漢"]) {
    const shown = spawnSync(
      "bash",
      [
        "-c",
        `curl() { printf '%s\\n' "$@"; }; ${curl({ url: origin + signalPath("order-17", name), key: "$LONGLINE_KEY", body: { value: name } })}`,
      ],
      {
        env: { LONGLINE_KEY: "key" },
        encoding: "utf8",
      },
    ).stdout.split("\n");
    const [url = "", ...others] = shown;
    expect(decodeURIComponent(url)).toBe(`https://my-agent.example/v1/sessions/order-17/signals/${name}`);
    expect(others).toEqual([
      ...["-H", "Authorization: Bearer key", "-H", "Content-Type: application/json"],
      ...["-d", JSON.stringify({ value: name }), ""],
    ]);
  }
});
