import { describe, expect, it } from "vitest";
import { page } from "../../../src/doors/playground/page.ts";

describe("the frame of the page", () => {
  it("[PAGE-26] lets the browser load and ask its own server alone, and holds no script or style of its own", async () => {
    const response = page({ welcome: "<b>Longline</b>", devKey: '"><script>' });
    const text = await response.text();
    expect(text).not.toMatch(/<script>|<style|\son\w+=|style=|<b>/);
    expect(text.match(/(?:src|href)="[^"]*"/g)).toEqual([
      'href="data:,"',
      'href="/playground/app.css"',
      'href="/playground/chunk.js"',
      'src="/playground/app.js"',
    ]);
    const policy = response.headers.get("Content-Security-Policy");
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("require-trusted-types-for 'script'");
    expect(policy).not.toMatch(/unsafe|\*|https?:/);
  });

  it("[PAGE-26] says what runs to those without scripts, and a deployed one has no key in it", async () => {
    const text = await page({ welcome: "Longline 1 & 2" }).text();
    expect(text).toContain("<pre>Longline 1 &amp; 2</pre>");
    expect(text).not.toContain("longline-dev-key");
  });
});
