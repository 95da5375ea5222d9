import { describe, expect, it } from "vitest";
import { withoutCredentials, withoutSecret } from "../../src/core/secrets.ts";
import { safeDetail } from "../../src/model/safe-detail.ts";

const secret = 'sk-live/4+2=é"x';
const utf8 = (text: string) => String.fromCharCode(...new TextEncoder().encode(text));
const base64 = (text: string) => btoa(utf8(text));

describe("secrets in foreign text", () => {
  it.each([
    ["as it is", secret],
    ["in a header", `authorization: Bearer ${secret}`],
    ["URL-encoded", encodeURIComponent(secret)],
    ["URL-encoded in small letters", encodeURIComponent(secret).replace(/%../g, (code) => code.toLowerCase())],
    ["as JSON", JSON.stringify({ key: secret })],
    ["in a form", new URLSearchParams({ a: secret }).toString().slice(2)],
    ["as JSON in ASCII", '"sk-live/4+2=\\u00e9\\"x"'],
    ["as JSON with its slashes escaped", JSON.stringify(secret).replaceAll("/", "\\/")],
    ["as JSON in JSON", JSON.stringify(JSON.stringify({ key: secret }))],
    ["in HTML", secret.replaceAll('"', "&quot;")],
    ["in base64", base64(secret)],
    ["in base64 behind one character", base64(`u${secret}`)],
    ["in base64 behind two", base64(`u:${secret}`)],
    ["in base64 before more", base64(`${secret}:more`)],
    ["in base64 for URLs", base64(`user:${secret}`).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "")],
    ["in hex", [...utf8(secret)].map((char) => char.charCodeAt(0).toString(16).padStart(2, "0")).join("")],
  ])("[BOUND-8] a secret %s is taken out", (_, form) => {
    const left = withoutSecret(`Refused: ${form} is wrong`, secret);
    expect(left).toContain("[secret]");
    const known = [secret, secret.slice(3), encodeURIComponent(secret).slice(9), base64(secret).slice(4, 12)];
    for (const piece of known) expect(left).not.toContain(piece);
    expect(left).toMatch(/^Refused: .* is wrong$/);
  });

  it.each([
    ["Authorization: Bearer abcdef.ghi", "Authorization: Bearer [secret]"],
    ['{"authorization":"Bearer abcdef","x":1}', '{"authorization":"Bearer [secret]","x":1}'],
    ["proxy-authorization=Basic dXNlcjpwYXNz", "proxy-authorization=Basic [secret]"],
    ["x-api-key: 12345678\nhost: a", "x-api-key: [secret]\nhost: a"],
    ["Cookie: a=b; c=d\r\nhost: a", "Cookie: [secret]\r\nhost: a"],
    ["the token Bearer abcdefghijklmnop is over", "the token Bearer [secret] is over"],
    ["Set the header Authorization.", "Set the header Authorization."],
  ])("[BOUND-8] %j", (text, left) => {
    expect(withoutCredentials(text)).toBe(left);
  });

  it("[BOUND-8] a provider's error loses its encoded key, too; a placeholder stays", () => {
    expect(safeDetail(`key ${encodeURIComponent(secret)}`, secret)).toBe("key [API key]");
    expect(withoutSecret("all is none", "al")).toBe("all is none");
    expect(withoutSecret("nothing", undefined)).toBe("nothing");
  });
});
