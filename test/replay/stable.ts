/** Makes two runs equal that did the same: ids get names by where they first appear, times and durations get none. Pure. */

/** Names ids after the row in whose answer they first appear, so that a new row changes no other row's names. */
export class Names {
  readonly #names = new Map<string, string>();
  readonly #counts = new Map<string, number>();

  name(id: string, row: string): string {
    const known = this.#names.get(id);
    if (known !== undefined) return known;
    const count = (this.#counts.get(row) ?? 0) + 1;
    this.#counts.set(row, count);
    const name = `<${row} ${count}>`;
    this.#names.set(id, name);
    return name;
  }
}

/** Members that are times or durations, in any unit. */
const timed =
  /^(?:ms|created|expires|timestamp|.*_(?:at|ms|seconds_left)|.*(?:At|Ms)|reset_seconds|event_time|iat|exp)$/;
/** Rows written and keys read say how the work is stored, and not what is answered. */
const stored = /^(?:rows_written|kv_reads|kv_writes)$/;

const iso = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)/g;
/** Seconds or milliseconds since 1970; the doubles' own clock stands at 1,700,000,000. */
const epoch = /\b(?:17[1-9]|1[89]\d)\d{7}(?:\d{3})?\b/g;
/** The place of an event: the name of its session's life, and numbers. */
const eventId = /^(?!sha256)[a-z0-9]{6}(?=-\d+(?:\.[\da-z]+)*$)/;
const loopback = /\b(?:127\.0\.0\.1|localhost):\d{2,5}\b/g;
/** A UUID, or the 32 hexadecimal digits of one. Digests of content are kept: they say that it is the same. */
const uuid =
  /(?<![0-9a-z])[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}(?![0-9a-z])|(?<![0-9A-Za-z-])[0-9a-f]{32}(?![0-9A-Za-z])/g;
/** Keys, tokens and signatures: at least 43 signs (256 bits) of base64url, with capitals and digits. */
const secret = /(?<![\w-])(?=[\w-]*[A-Z])(?=[\w-]*\d)[\w-]{43,}(?:\.[\w-]{20,})*(?![\w-])/g;

/** Approval requests, keys, secrets of webhooks and calls of the demo model: the part of their names that differs from one to the next. */
const partOfName =
  /(?<=\bmcpr_[\w-]+\.[\d.]+\.)[\da-z]{8,}|\bkey_[\w-]{12}(?![\w-])|(?<=\bcall_\d\d_)[\da-f]{8}\b|(?<=\bwhsec_)[\w+/]{32,}=*/g;
const wait = /(?<=\bWait )\d+(?= s\b)/g;

/** What sessions saw of channels goes to the account with their next report: when that is, differs. */
function isSeen(name: string, member: unknown): boolean {
  return name === "channels" && Array.isArray(member) && member.some((each) => each?.delivered_at !== undefined);
}

function stableText(text: string, names: Names, row: string): string {
  const named = (id: string) => names.name(id, row);
  return text
    .replace(iso, "<time>")
    .replace(epoch, "<time>")
    .replace(eventId, named)
    .replace(partOfName, named)
    .replace(wait, "<time>")
    .replace(loopback, "<host>")
    .replace(uuid, named)
    .replace(secret, named);
}

export function stable(value: unknown, names: Names, row: string): unknown {
  if (typeof value === "string") return stableText(value, names, row);
  if (Array.isArray(value)) return value.map((each) => stable(each, names, row));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [
      stableText(name, names, row),
      (typeof member === "number" && timed.test(name)) || name === "retry-after"
        ? "<time>"
        : typeof member === "number" && stored.test(name)
          ? "<count>"
          : isSeen(name, member)
            ? []
            : stable(member, names, row),
    ]),
  );
}

interface Delta {
  event?: string;
  data: unknown;
}

/** A text that came in pieces in one piece, for a model that streams by the clock. Their ids go with the pieces. */
export function joined<F extends Delta>(frames: readonly F[]): (F | Delta)[] {
  const all: (F | Delta)[] = [];
  for (const frame of frames) {
    const before = all.at(-1);
    const isSame = before !== undefined && before.event === frame.event && frame.event?.endsWith(".delta");
    const text = isSame ? `${textOf(before)}${textOf(frame)}` : textOf(frame);
    if (isSame) all.pop();
    const isDelta = frame.event?.endsWith(".delta");
    all.push(isDelta ? { event: frame.event ?? "", data: { ...(frame.data as object), text } } : frame);
  }
  return all;
}

const textOf = ({ data }: Delta) => (data as { text?: string } | null)?.text ?? "";
