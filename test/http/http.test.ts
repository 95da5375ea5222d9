import { afterEach, describe, expect, it, vi } from "vitest";
import * as z from "zod";
import { AppError, type AppErrorCode } from "../../src/core/errors.ts";
import { type AuthSettings, bearerOf, isOwnKey, notConfigured, unauthorized } from "../../src/http/authenticate.ts";
import { parseBody, parseQuery } from "../../src/http/parse-body.ts";
import { problemResponse } from "../../src/http/problem.ts";
import { readJson } from "../../src/http/read-json.ts";

afterEach(() => {
  vi.restoreAllMocks();
});

/** The AppError that `work` ends with. */
async function refusal(work: Promise<unknown> | (() => unknown)): Promise<AppError> {
  const error = await (typeof work === "function" ? (async () => work())() : work).catch((thrown: unknown) => thrown);
  if (!(error instanceof AppError)) throw new Error(`No AppError but ${String(error)}`);
  return error;
}

describe("the Worker's own key", () => {
  /** As `account/access.ts` does, without accounts. */
  async function authenticate(request: Request, auth: AuthSettings): Promise<{ account: string }> {
    if (auth.kind === "closed") throw notConfigured();
    const bearer = bearerOf(request);
    if (bearer === undefined || !isOwnKey(bearer, auth)) throw unauthorized();
    return { account: "default" };
  }
  const asked = (authorization?: string) =>
    new Request("https://x.test", authorization === undefined ? {} : { headers: { authorization } });
  const auth = { kind: "key", apiKey: "the-right-key" } as const;

  it.each(["Bearer the-right-key", "bearer the-right-key", "BEARER  the-right-key"])(
    "[AUTH-1] %j is let in",
    async (header) => {
      expect(await authenticate(asked(header), auth)).toEqual({ account: "default" });
    },
  );

  it.each([
    undefined,
    "",
    "Bearer",
    "Bearer ",
    "the-right-key",
    "Basic the-right-key",
    "Bearer the-right-keyx",
    "Bearer the-right-ke",
    "Bearer the-right-key extra",
    "Bearer wrong",
  ])("[AUTH-2] %j is refused, in the same words whatever was wrong", async (header) => {
    const { code, message } = await refusal(authenticate(asked(header), auth));
    expect([code, message]).toEqual(["unauthorized", "Send a valid key in the header: Authorization: Bearer <key>."]);
  });

  it("[AUTH-2] how much of a key is looked at depends on the length of the bearer alone", () => {
    const look = vi.spyOn(String.prototype, "charCodeAt");
    const looks = (bearer: string, apiKey = "the-right-key") => {
      look.mockClear();
      isOwnKey(bearer, { apiKey });
      return look.mock.calls.length;
    };
    const sameLength = ["the-right-key", "xhe-right-key", "the-right-kex"];
    expect(sameLength.map((bearer) => looks(bearer))).toEqual([26, 26, 26]);
    expect(["k", "the-right-key", "k".repeat(99)].map((apiKey) => looks("the-right-key", apiKey))).toEqual([
      26, 26, 26,
    ]);
    expect(looks("the")).toBe(6);
  });

  it.each([
    ["ab", "abab"],
    ["abab", "ab"],
    ["ab", ""],
    ["ab", "a"],
    ["ä", "a"],
    ["ab", "ba"],
  ])("[AUTH-2] the key %j is not the bearer %j", (apiKey, bearer) => {
    expect(isOwnKey(bearer, { apiKey })).toBe(false);
    expect(isOwnKey(apiKey, { apiKey })).toBe(true);
  });

  it("[AUTH-2] a key that comes in two headers is refused", async () => {
    const request = asked("Bearer the-right-key");
    request.headers.append("authorization", "Bearer the-right-key");
    expect((await refusal(authenticate(request, auth))).code).toBe("unauthorized");
  });

  it("[AUTH-3] without a key set nobody is let in, and the answer says what to set", async () => {
    const { code, message } = await refusal(authenticate(asked("Bearer dev-key"), { kind: "closed" }));
    expect([code, message]).toEqual(["not_configured", expect.stringContaining("wrangler secret put API_KEY")]);
  });
});

describe("problems", () => {
  const statuses: Record<AppErrorCode, number> = {
    invalid_request: 400,
    unauthorized: 401,
    forbidden: 403,
    misdirected: 421,
    not_found: 404,
    model_not_found: 404,
    previous_response_not_found: 400,
    no_such_agent: 404,
    approval_required: 409,
    method_not_allowed: 405,
    not_acceptable: 406,
    conflict: 409,
    gone: 410,
    session_busy: 409,
    payload_too_large: 413,
    unsupported_media_type: 415,
    idempotency_mismatch: 422,
    queue_full: 429,
    rate_limited: 429,
    not_configured: 503,
    storage_full: 507,
    unavailable: 503,
  };

  it.each(Object.entries(statuses))("[HTTP-1] %s is answered %i as problem+json", async (code, status) => {
    const answer = problemResponse(new AppError(code as AppErrorCode, "Why.", { field: "a.b", retryAfterSeconds: 7 }));
    expect([answer.status, answer.headers.get("content-type"), answer.headers.get("retry-after")]).toEqual([
      status,
      "application/problem+json",
      "7",
    ]);
    expect(answer.headers.get("www-authenticate")).toBe(status === 401 ? 'Bearer realm="longline"' : null);
    expect(await answer.json()).toEqual({
      type: "about:blank",
      status,
      title: expect.any(String),
      code,
      detail: "Why.",
      field: "a.b",
    });
  });

  it("[HTTP-2] a fault of ours is a 500 that tells nothing, and is logged once with its cause", async () => {
    const log = vi.spyOn(console, "error").mockImplementation(() => {});
    const cause = new Error("table users is secret");
    const answer = problemResponse(cause);
    expect([answer.status, await answer.text()]).toEqual([500, expect.not.stringContaining("secret")]);
    expect(log).toHaveBeenCalledExactlyOnceWith(expect.any(String), cause);
  });
});

describe("readJson", () => {
  const posted = (body: BodyInit, type: string | undefined = "application/json") =>
    new Request("https://x.test", {
      method: "POST",
      body,
      headers: type === undefined ? {} : { "content-type": type },
      duplex: "half",
    } as RequestInit);

  it.each(["application/json", "application/json; charset=utf-8", "Application/JSON", "application/merge-patch+json"])(
    "[HTTP-3] reads %s",
    async (type) => {
      expect(await readJson(posted('{"a":[1,"é"]}', type))).toEqual({ a: [1, "é"] });
    },
  );

  it.each(["text/plain", "application/x-www-form-urlencoded", "application/jsonp", "multipart/form-data"])(
    "[HTTP-3] refuses %s by name",
    async (type) => {
      const { code, message } = await refusal(readJson(posted("{}", type)));
      expect([code, message]).toEqual(["unsupported_media_type", expect.stringContaining(type)]);
    },
  );

  it.each([
    ["application/json; charset=iso-8859-1", "application/json; charset=iso-8859-1"],
    ["", "missing"],
  ])("[HTTP-3] refuses the media type %j, and says what came", async (type, came) => {
    const { code, message } = await refusal(readJson(posted(new Uint8Array([0x7b, 0x7d]), type)));
    expect([code, message]).toEqual([
      "unsupported_media_type",
      `Content-Type must be application/json, in UTF-8; it was ${came}.`,
    ]);
  });

  it("[HTTP-4] refuses what is too large by its header before it reads", async () => {
    const request = new Request("https://x.test", {
      method: "POST",
      body: "{}",
      headers: { "content-type": "application/json", "content-length": "2000000" },
    });
    const { code, message } = await refusal(readJson(request));
    expect([code, message]).toEqual(["payload_too_large", "The body has 2000000 bytes; at most 1048576 are taken."]);
  });

  it("[HTTP-4] and by what comes: it stops reading a body without end", async () => {
    let pulled = 0;
    let cancelled = false;
    const endless = new ReadableStream<Uint8Array>({
      pull(controller) {
        pulled++;
        controller.enqueue(new Uint8Array(700).fill(32));
      },
      cancel() {
        cancelled = true;
      },
    });
    const { code, message } = await refusal(readJson(posted(endless), { maxBytes: 10_000 }));
    expect([code, message]).toEqual([
      "payload_too_large",
      "The body has at least 10500 bytes; at most 10000 are taken.",
    ]);
    expect([pulled < 20, cancelled]).toEqual([true, true]);
  });

  it("[HTTP-4] takes exactly the limit", async () => {
    const body = `"${"x".repeat(98)}"`;
    expect(await readJson(posted(body), { maxBytes: 100 })).toHaveLength(98);
    expect((await refusal(readJson(posted(`${body} `), { maxBytes: 100 }))).code).toBe("payload_too_large");
  });

  it.each([
    ["", "The body is empty. Send a JSON object."],
    ["  \n", "The body is empty. Send a JSON object."],
    ["{", /^The body is not JSON: /],
    ["{'a':1}", /^The body is not JSON: /],
    [new Uint8Array([0x22, 0xff, 0x22]), "The body is not valid UTF-8."],
  ])("[HTTP-5] refuses %j in words", async (body, why) => {
    const { code, message } = await refusal(readJson(posted(body as BodyInit)));
    expect([code, message]).toEqual(["invalid_request", typeof why === "string" ? why : expect.stringMatching(why)]);
  });

  it("[BOUND-27] a large body is decoded in pieces, wherever one of them cuts a character or an escape", async () => {
    for (let lead = 499_990; lead <= 499_999; lead++) {
      const value = ["x".repeat(lead), 'é日😀\\"😀日é', [1, { a: [2] }]];
      expect(await readJson(posted(JSON.stringify(value)), { maxBytes: 2_000_000 })).toEqual(value);
    }
    const cut = new Uint8Array(500_001).fill(0x20);
    cut[499_999] = 0xc3;
    const { message } = await refusal(readJson(posted(cut), { maxBytes: 2_000_000 }));
    expect(message).toBe("The body is not valid UTF-8.");
    const exact = `"${"x".repeat(499_998)}"`;
    expect(await readJson(posted(exact), { maxBytes: 2_000_000 })).toHaveLength(499_998);
    expect((await refusal(readJson(posted(`\ufeff${"[".repeat(70)}`)))).message).toMatch(/deeper than 64/);
  });

  it("[HTTP-5] where everything may be left out, no body says nothing, whatever its type; another body is held to JSON", async () => {
    const url = "https://longline.test/";
    const empty = { anything: true };
    for (const init of [
      {},
      { body: "" },
      { body: new Blob([]) },
      { body: "", headers: { "Content-Type": "text/plain" } },
    ])
      expect(await readJson(new Request(url, { method: "POST", ...init }), { empty })).toBe(empty);
    const text = new Request(url, { method: "POST", body: "hello" });
    expect((await refusal(readJson(text, { empty }))).code).toBe("unsupported_media_type");
  });

  it("[HTTP-5] takes a byte order mark, and a key named __proto__ without harm", async () => {
    expect(await readJson(posted(new Uint8Array([0xef, 0xbb, 0xbf, 0x31])))).toBe(1);
    const value = (await readJson(posted('{"__proto__":{"polluted":true}}'))) as object;
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
    expect(Object.keys(value)).toEqual(["__proto__"]);
  });

  const nested = (depth: number) => "[".repeat(depth) + "]".repeat(depth);
  it("[HTTP-6] takes 64 levels, refuses 65 and 100,000, and does not count brackets in strings", async () => {
    await readJson(posted(nested(64)));
    for (const depth of [65, 100_000]) {
      expect((await refusal(readJson(posted(nested(depth))))).message).toBe(
        "The body is nested deeper than 64 levels.",
      );
    }
    const brackets = `${"[{".repeat(100)}\\"${"[".repeat(100)}\\\\`;
    expect(await readJson(posted(`"${brackets}"`))).toBe(JSON.parse(`"${brackets}"`));
  });

  it.each([
    ["numbers", (count: number) => `[${"1,".repeat(count - 2)}1]`],
    ["empty objects", (count: number) => `[${"{},".repeat(count / 2 - 2)}{}]`],
    ["the same name", (count: number) => `{${'"a":1,'.repeat(count - 2)}"a":1}`],
  ])("[BOUND-16] takes 100,000 values and refuses more: %s", async (_what, bodyOf) => {
    await readJson(posted(bodyOf(100_000)));
    const error = await refusal(readJson(posted(bodyOf(100_100))));
    expect([error.code, error.message]).toEqual(["invalid_request", "The body has more than 100000 values."]);
    await readJson(posted(JSON.stringify(",[{".repeat(100_000))));
  });
});

describe("parseBody", () => {
  const schema = z.strictObject({ name: z.string().min(1), tags: z.array(z.object({ id: z.int() })).optional() });

  it.each([
    [{ name: "" }, "name", /^name: /],
    [{}, "name", /^name: expected string/],
    [{ name: "a", tags: [{ id: 1 }, { id: "x" }] }, "tags.1.id", /^tags\.1\.id: expected number, received string\.$/],
    [{ name: "a", nmae: "b" }, "nmae", /nmae/],
    [{ name: 1, tags: 2 }, "name", /^name: .* tags: /],
    [[], "", /^The body: expected object/],
    [null, "", /^The body: /],
  ])("[HTTP-7] %j is refused with its field %j", async (value, field, message) => {
    const error = await refusal(() => parseBody(schema, value));
    expect([error.code, error.field, error.message]).toEqual([
      "invalid_request",
      field,
      expect.stringMatching(message),
    ]);
  });

  const choice = z.strictObject({
    thinking: z.union([z.boolean(), z.strictObject({ type: z.enum(["on", "off"]) })]).optional(),
    labels: z.record(z.string().max(4), z.string()).optional(),
    format: z
      .union([z.strictObject({ json: z.boolean().optional() }), z.strictObject({ text: z.boolean().optional() })])
      .optional(),
  });
  it.each([
    [{ thinking: "yes" }, "thinking", "thinking: expected boolean, or expected object."],
    [{ thinking: { type: 1 } }, "thinking.type", 'thinking.type: Invalid option: expected one of "on"|"off".'],
    [{ thinking: { type: "on", budget: 1 } }, "thinking.budget", "thinking.budget: is not known here."],
    [{ format: { xml: true } }, "format.xml", "format.xml: is not known here."],
    [{ labels: { colour: "red" } }, "labels.colour", /^labels\.colour: the name is wrong: Too big/],
    [{ a: 1, b: 2 }, "a", "a: is not known here. b: is not known here."],
  ])("[HTTP-7] %j is refused by the innermost field that is known, %j", async (value, field, message) => {
    const error = await refusal(() => parseBody(choice, value));
    const told = typeof message === "string" ? message : expect.stringMatching(message);
    expect([error.field, error.message]).toEqual([field, told]);
  });

  it("[HTTP-7] a refusal stays short however much is wrong, and however long a name is", async () => {
    const many = await refusal(() => parseBody(z.array(z.int()), Array(9_000).fill("x"), "list"));
    expect(many.field).toBe("list.0");
    expect(many.message).toMatch(/^list\.0: expected .* list\.4: [^:]* And 8995 more\.$/);
    const long = await refusal(() => parseBody(choice, { ["k".repeat(50_000)]: 1 }));
    expect([long.field, long.message]).toEqual([`${"k".repeat(200)}…`, `${"k".repeat(200)}…: is not known here.`]);
  });

  it("[BOUND-19] a list or an object of more than 10,000 members is refused by its name, and no member is looked at", async () => {
    let looked = 0;
    const member = z.custom(() => {
      looked++;
      return true;
    });
    const body = z.strictObject({ list: z.array(member).optional(), names: z.record(z.string(), member).optional() });
    const names = Object.fromEntries(Array.from({ length: 10_001 }, (_, n) => [`n${n}`, 1]));
    for (const value of [{ list: Array(10_001).fill(1) }, { names }]) {
      const error = await refusal(() => parseBody(body, value));
      const [field] = Object.keys(value);
      expect([error.field, error.message, looked]).toEqual([
        field,
        `${field}: has 10001 members; at most 10000 are taken.`,
        0,
      ]);
    }
    const top = await refusal(() => parseBody(body, names));
    expect(top.message).toBe("The body: has 10001 members; at most 10000 are taken.");
    // What a tool gave is no list of the body's.
    const given = { messages: [{ output: Array(10_001).fill(1) }] };
    expect(parseBody(z.looseObject({}), given)).toEqual(given);
  });

  it("[BOUND-20] of faults inside a fault only as many are worded as are shown, and all are counted", async () => {
    let worded = 0;
    const error = () => {
      worded++;
      return "is wrong";
    };
    const part = z.custom(() => false, { error });
    const either = z.union([z.string(), z.array(part)]);
    const faults = await refusal(() =>
      parseBody(z.strictObject({ content: either }), { content: Array(9_000).fill(1) }),
    );
    expect(faults.message).toMatch(/^content\.0: is wrong\. .*content\.4: is wrong\. And 8995 more\.$/);
    const unknown = Object.fromEntries(Array.from({ length: 9_000 }, (_, n) => [`n${n}`, 1]));
    const keys = await refusal(() => parseBody(z.strictObject({}), unknown));
    expect(keys.message).toMatch(/^n0: is not known here\. .*n4: is not known here\. And 8995 more\.$/);
    expect(worded).toBeLessThanOrEqual(9_000);
  });

  it("[BOUND-16] more faults than the schema's check can pass on are a refusal, not a fault of ours", async () => {
    const overflows = z.unknown().transform(() => {
      throw new RangeError("Maximum call stack size exceeded");
    });
    const error = await refusal(() => parseBody(overflows, []));
    expect([error.code, error.message]).toEqual(["invalid_request", "The body: has too many faults to list."]);
  });

  it("[HTTP-7] gives what the schema makes of it, from bodies and queries", () => {
    expect(parseBody(schema, { name: "a" })).toEqual({ name: "a" });
    expect(parseQuery(z.object({ limit: z.coerce.number() }), new URL("https://x.test?limit=1&limit=2"))).toEqual({
      limit: 2,
    });
  });
});
