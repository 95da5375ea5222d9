import { describe, expect, it } from "vitest";
import { AppError } from "../../src/core/errors.ts";
import { parseSettings } from "../../src/env.ts";
import { mustBeOurHost } from "../../src/http/dev-hosts.ts";

const rules = {
  isDev: true,
  allowedHosts: ["dev.example.com", "*.trycloudflare.com"],
  allowedOrigins: ["https://app.example"],
};
const sent =
  (url: string, headers: Record<string, string> = {}) =>
  () =>
    mustBeOurHost(new Request(url, { headers }), rules);
const codeOf = (work: () => void) => {
  try {
    work();
    return "taken";
  } catch (error) {
    return error instanceof AppError ? error.code : error;
  }
};

describe("a development server", () => {
  it.each([
    "http://localhost:8787/",
    "http://LOCALHOST/",
    "http://127.0.0.1:8787/v1/sessions",
    "http://127.9.9.9/",
    "http://[::1]:8787/",
    "http://longline.localhost/",
    "https://dev.example.com/",
    "https://a-b.trycloudflare.com/v1/sessions",
  ])("[REACH-6] answers to %s", (url) => {
    expect(codeOf(sent(url))).toBe("taken");
  });

  it.each([
    "http://evil.example/",
    "http://evil.example:8787/v1/sessions",
    "http://127.0.0.1.evil.example/",
    "http://localhost.evil.example/",
    "http://192.168.1.7:8787/",
    "http://0.0.0.0:8787/",
    "http://trycloudflare.com/",
    "http://xdev.example.com/",
    "http://[::2]/",
    "http://localhost./",
  ])("[REACH-6] refuses %s in words that say what to set", (url) => {
    expect(codeOf(sent(url))).toBe("misdirected");
    expect(sent(url)).toThrow(/ALLOWED_HOSTS:/);
  });

  it("[REACH-6] believes neither the Host header nor the URL alone", () => {
    expect(codeOf(sent("http://localhost/", { Host: "evil.example:8787" }))).toBe("misdirected");
    expect(codeOf(sent("http://localhost/", { Host: "127.0.0.1:8787" }))).toBe("taken");
    expect(codeOf(sent("http://evil.example/channels/slack"))).toBe("taken");
    expect(codeOf(sent("http://evil.example/channels"))).toBe("misdirected");
  });

  it.each([
    ["http://localhost:3000", "taken"],
    ["https://app.example", "taken"],
    ["https://x.trycloudflare.com", "taken"],
    ["https://evil.example", "forbidden"],
    ["http://app.example", "forbidden"],
    ["null", "forbidden"],
  ])("[REACH-6] pages of %s are %s", (origin, code) => {
    expect(codeOf(sent("http://localhost:8787/v1/sessions", { Origin: origin }))).toBe(code);
  });

  it("[REACH-6] is the only one whose hosts are checked, and its list is read from a setting", () => {
    const request = new Request("https://anything.example/", { headers: { Origin: "https://evil.example" } });
    expect(() => mustBeOurHost(request, { ...rules, isDev: false })).not.toThrow();
    const settings = (ALLOWED_HOSTS: string) => parseSettings({ ALLOWED_HOSTS, DEV: "true" } as never);
    expect(settings("Dev.example.com, *.x.test").allowedHosts).toEqual(["dev.example.com", "*.x.test"]);
    for (const wrong of ["https://x.test", "x.test:8787", "*", "a b"]) {
      expect(() => settings(wrong)).toThrow(/ALLOWED_HOSTS holds/);
    }
  });
});
