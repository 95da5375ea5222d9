import { describe, expect, it } from "vitest";
import { approvalMessage } from "../../src/channels/discord/buttons.ts";
import { approvalBlocks } from "../../src/channels/slack/pressed.ts";
import { callDigest, cutToRoom, messengerText, shownCall, visible } from "../../src/core/shown-call.ts";

/** Characters that people cannot see, or that turn text around: invisible-characters.com, Unicode TR 9, TR 36 and TR 39, and C0 and C1. */
const unseen = [
  0x00, 0x07, 0x08, 0x0b, 0x0d, 0x1b, 0x7f, 0x80, 0x85, 0x9b, 0x9f, 0xa0, 0xad, 0x034f, 0x061c, 0x115f, 0x1160, 0x1680,
  0x17b4, 0x17b5, 0x180b, 0x180e, 0x2000, 0x2003, 0x2007, 0x2009, 0x200a, 0x200b, 0x200c, 0x200d, 0x200e, 0x200f,
  0x2028, 0x2029, 0x202a, 0x202b, 0x202c, 0x202d, 0x202e, 0x202f, 0x205f, 0x2060, 0x2061, 0x2062, 0x2063, 0x2064,
  0x2066, 0x2067, 0x2068, 0x2069, 0x206a, 0x206f, 0x2800, 0x3000, 0x3164, 0xfe00, 0xfe0f, 0xfeff, 0xffa0, 0xfff9,
  0xfffb, 0xfffc, 0x1d173, 0x1d17a, 0xe0001, 0xe0041, 0xe007f, 0xe0100, 0xe01ef, 0xe000, 0xf0000, 0x0378, 0xd800,
  0xdfff,
];
const spell = (code: number) =>
  Array.from(
    { length: String.fromCodePoint(code).length },
    (_, i) => `\\u${String.fromCodePoint(code).charCodeAt(i).toString(16).padStart(4, "0")}`,
  ).join("");

const call = (args: object | string) => {
  const text = typeof args === "string" ? args : JSON.stringify(args);
  return { ref: "r1", name: "send_request", arguments: text, state: "open" as const };
};
/** What a person sees of it in each messenger: the text of code blocks, and of all sections. */
const inSlack = (args: object | string) => {
  const blocks = approvalBlocks(call(args), { session: "s", asker: "U1" }) as { text?: { text: string } }[];
  return blocks.flatMap(({ text }) => (text === undefined ? [] : [text.text]));
};
const unescaped = (text: string) => text.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");
const slackText = (args: object | string) => unescaped(inSlack(args).join("\n"));
const discordText = (args: object | string) => approvalMessage(call(args), "42").content;

describe("a call as a person approves it", () => {
  it.each(unseen.map((code) => [code.toString(16), code]))(
    "[APPROVE-1] U+%s is spelled out on the page and in messengers",
    (_, code) => {
      const sign = String.fromCodePoint(code);
      expect(visible(`a${sign}b`)).toBe(`a${spell(code)}b`);
      for (const text of [
        shownCall(JSON.stringify({ to: `a${sign}b` })).whole,
        slackText({ to: `a${sign}b` }),
        discordText({ to: `a${sign}b` }),
      ]) {
        expect(text.includes(sign)).toBe(false);
        expect(text).toMatch(/a\\(?:u[0-9a-f]{4}|[brtnf])/);
      }
      // Also where the arguments are no JSON and are shown as they came.
      expect(shownCall(`{"to":"a${sign}b`).whole.includes(sign)).toBe(false);
    },
  );

  it("[APPROVE-1] marks piled up on a letter are spelled out, and ordinary text of any script stays", () => {
    expect(visible(`a${"\u0301".repeat(40)}`)).toBe(`a${"\u0301".repeat(4)}${"\\u0301".repeat(36)}`);
    for (const text of [
      "Grüße, Ёжик, 注文する, \u0928\u092e\u0938\u094d\u0924\u0947, שלום, مرحبا, e\u0301",
      "line\nbreak",
      "100 € – “yes” 😀",
    ])
      expect(visible(text)).toBe(text);
  });

  it("[APPROVE-2] what decides is first and whole, however long the rest", () => {
    const args = {
      body: "x".repeat(50_000),
      headers: { a: 1 },
      payment: { amount: 1200, currency: "EUR" },
      recipients: ["eve@evil.example"],
      method: "DELETE",
      url: "https://bank.example/transfer?to=1",
    };
    const { deciding } = shownCall(JSON.stringify(args));
    expect(deciding).toEqual([
      'url: "https://bank.example/transfer?to=1"',
      'method: "DELETE"',
      "payment.amount: 1200",
      'payment.currency: "EUR"',
      'recipients: ["eve@evil.example"]',
    ]);
    for (const text of [slackText(args), discordText(args)]) {
      for (const line of deciding) expect(text).toContain(line);
      expect(text.indexOf(deciding[0] ?? "?")).toBeLessThan(120);
      expect(text).toMatch(/_\d+ more characters are not shown: deny it if you do not know them\._/);
    }
    expect(discordText(args).length).toBeLessThanOrEqual(2_000);
    for (const text of inSlack(args)) expect(text.length).toBeLessThanOrEqual(3_000);
  });

  it("[APPROVE-2] what is left out is counted exactly", () => {
    const args = { note: "y".repeat(20_000) };
    const whole = messengerText(JSON.stringify(args));
    for (const text of [slackText(args), discordText(args)]) {
      const left = Number(/_(\d+) more characters/.exec(text)?.[1]);
      expect((text.match(/y/g)?.length ?? 0) + left).toBeGreaterThanOrEqual(20_000);
      expect(left).toBeLessThan(whole.length);
    }
  });

  it("[APPROVE-2] a value cannot pose as another field, a key not as a value", () => {
    const { deciding } = shownCall(
      JSON.stringify({ to: 'bob\nurl: "https://good.example"', 'amount": 1, "x': { total: 5 } }),
    );
    expect(deciding.every((line) => !line.includes("\n"))).toBe(true);
    expect(deciding).toContain(String.raw`"amount\": 1, \"x".total: 5`);
  });

  it.each([
    ["https://bank.example@evil.example/x", "evil.example"],
    ["https://b\u0430nk.example/", "xn--bnk-6cd.example"],
    ["https:evil.example/", "evil.example"],
    ["https://evil\u3002example/", "evil.example"],
    ["https://3232235777/", "192.168.1.1"],
    ["HTTPS:\\\\evil.example", "evil.example"],
  ])("[APPROVE-2] the server that %s really names is said", (url, host) => {
    expect(shownCall(JSON.stringify({ url })).deciding.at(-1)).toBe(`this goes to the host: ${host}`);
  });

  it("[APPROVE-2] a plain address needs no such line", () => {
    expect(shownCall('{"url":"https://a.example:8443/x?y#z"}').deciding).toEqual([
      'url: "https://a.example:8443/x?y#z"',
    ]);
  });

  it("[PAGE-6] [APPROVE-2] is laid out only where that hides nothing", () => {
    expect(shownCall('{"a": 1, "b":[true]}').whole).toBe('{\n  "a": 1,\n  "b": [\n    true\n  ]\n}');
    expect(shownCall('{"a":1,"a":2}').whole).toBe('{"a":1,"a":2}');
    expect(shownCall('{"n":12345678901234567890}').whole).toBe('{"n":12345678901234567890}');
    expect(shownCall('{"half').whole).toBe('{"half');
    expect(messengerText('{"a":1}')).toBe('{"a":1}');
  });

  it.each(["```", "````", "a```b", "`", "``", "\u0060```\n*Approved by the admin*"])(
    "[APPROVE-3] %j in arguments never ends the code block",
    (marks) => {
      const long = { note: `${"z".repeat(2_889)}${marks}`, more: marks };
      for (const args of [{ note: marks }, long]) {
        for (const text of inSlack(args).filter((each) => each.startsWith("```"))) {
          expect(text.endsWith("```")).toBe(true);
          expect(text.slice(3, -3)).not.toContain("`");
        }
        const content = discordText(args);
        expect(content.match(/`+/g)).toEqual(["```", "```"]);
      }
    },
  );

  it("[APPROVE-3] no escape and no character is cut in two between Slack's sections", () => {
    for (let shift = 0; shift < 6; shift++) {
      const args = { note: "s".repeat(shift) + "<😀&".repeat(2_000) };
      for (const text of inSlack(args)) {
        expect(text.isWellFormed()).toBe(true);
        expect(text.replace(/&(?:lt|gt|amp);/g, "")).not.toContain("&");
      }
    }
    expect(cutToRoom("a😀b", 2, (text) => text.length)).toEqual({ shown: "a", leftOut: 3 });
  });

  it("[APPROVE-4] the digest names exactly what was shown", () => {
    const digests = ['{"a":1}', '{"a": 1}', '{"a":2}'].map((text) => callDigest({ name: "n", arguments: text }));
    expect(new Set([...digests, callDigest({ name: "m", arguments: '{"a":1}' })]).size).toBe(4);
    expect(JSON.stringify(approvalBlocks(call({ a: 1 }), { session: "s", asker: "U1" }))).toContain(
      callDigest(call({ a: 1 })),
    );
    const ids = JSON.stringify(approvalMessage(call({ a: 1 }), "1".repeat(20)).components);
    expect(ids).toContain(callDigest(call({ a: 1 })));
    for (const [, id = ""] of ids.matchAll(/"custom_id":"([^"]*)"/g)) expect(id.length).toBeLessThanOrEqual(100);
  });
});
