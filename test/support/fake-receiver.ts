/** Whoever gets our Standard Webhooks, under a test's control: it checks each delivery by the spec with code of its own, keeps all that came, and answers what the test queued. */

export interface Delivery {
  /** `webhook-id`; `""` when there was none. */
  id: string;
  /** Seconds since 1970; `NaN` when there was none. */
  timestamp: number;
  /** Signed by one of the secrets, within 300 s. */
  valid: boolean;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into the JSON with matchers
  body: any;
  atMs: number;
  /** What was answered; 0 where a call hangs. An answer that got lost keeps its status. */
  status: number;
  url: string;
}

/** `drop_response`: taken with 204, then no answer. `hang`: not taken; the call ends with its signal. */
type How = number | { status: number; headers?: Record<string, string> } | "drop_response" | "hang";

const toleranceSeconds = 300;

export function createFakeReceiver({ secrets, now = Date.now }: { secrets: string[]; now?: () => number }) {
  const queue: How[] = [];
  const deliveries: Delivery[] = [];
  const accepted: string[] = [];
  const answer = async (input: RequestInfo | URL, init?: RequestInit): Promise<Response> => {
    const signal = init?.signal ?? (input instanceof Request ? input.signal : undefined);
    signal?.throwIfAborted();
    const request = new Request(input, init);
    if (request.method !== "POST") return new Response(null, { status: 405, headers: { Allow: "POST" } });
    const delivery = await read(request, { secrets, atMs: now() });
    deliveries.push(delivery);
    const how = queue.shift() ?? 204;
    if (how === "hang") return hang(signal);
    const { status, headers = {} } =
      how === "drop_response" ? { status: 204 } : typeof how === "number" ? { status: how } : how;
    delivery.status = status;
    const isNew = delivery.id !== "" && !accepted.includes(delivery.id);
    if (status >= 200 && status < 300 && isNew) accepted.push(delivery.id);
    if (how === "drop_response") throw new TypeError("fetch failed: the answer was lost");
    return new Response(null, { status, headers });
  };
  return {
    fetch: answer as typeof fetch,
    /** Every POST, verified or not, in the order they came. */
    deliveries,
    /** One entry per `webhook-id` that was answered 2xx. */
    accepted,
    /** What the next calls get, one each; afterwards 204. */
    next(...how: How[]): void {
      queue.push(...how);
    },
  };
}

async function read(request: Request, { secrets, atMs }: { secrets: string[]; atMs: number }): Promise<Delivery> {
  const [id, at, signatures] = ["id", "timestamp", "signature"].map(
    (name) => request.headers.get(`webhook-${name}`) ?? "",
  );
  const text = await request.text();
  const timestamp = /^\d+$/.test(at ?? "") ? Number(at) : Number.NaN;
  const isFresh = Math.abs(atMs / 1000 - timestamp) <= toleranceSeconds;
  const isNamed = id !== "" && !id?.includes(".");
  const isSigned = await isSignedByAny(`${id}.${at}.${text}`, signatures ?? "", secrets);
  const valid = isFresh && isNamed && isSigned;
  return { id: id ?? "", timestamp, valid, body: parse(text), atMs, status: 0, url: request.url };
}

/** `signatures`: `v1,<base64>`, separated by spaces. */
async function isSignedByAny(content: string, signatures: string, secrets: string[]): Promise<boolean> {
  const given = signatures.split(" ").flatMap((each) => (each.startsWith("v1,") ? [bytesOf(each.slice(3))] : []));
  const bytes = new TextEncoder().encode(content);
  for (const secret of secrets) {
    const algorithm = { name: "HMAC", hash: "SHA-256" };
    const raw = bytesOf(secret.replace(/^whsec_/, ""));
    if (raw.length === 0) throw new Error("A secret is whsec_ and base64.");
    const key = await crypto.subtle.importKey("raw", raw, algorithm, false, ["verify"]);
    for (const signature of given) if (await crypto.subtle.verify("HMAC", key, signature, bytes)) return true;
  }
  return false;
}

/** None for what is no base64. */
function bytesOf(base64: string): Uint8Array<ArrayBuffer> {
  try {
    return Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));
  } catch {
    return new Uint8Array();
  }
}

/** JSON, or the text itself. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function hang(signal: AbortSignal | null | undefined): Promise<never> {
  return new Promise((_, reject) => {
    if (signal?.aborted) reject(signal.reason);
    signal?.addEventListener("abort", () => reject(signal.reason));
  });
}
