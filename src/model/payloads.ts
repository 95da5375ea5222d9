/**
 * Cuts a provider's body into payloads by its bytes, whatever its content type is: the `data` of server-sent events, JSON
 * without `data:` in front (a bare error, a whole answer over many lines, one object a line), and text that is neither.
 * Parses no JSON. Not the `eventsource-parser` library: that one discards an unfinished line that is no field of an event.
 */
import { JsonDepth } from "./json-depth.ts";

/** A provider that never ends a line or an event must not fill the isolate's 128 MB. */
const longestPayloadChars = 16 * 1024 * 1024;
/** Of text that is neither an event nor JSON, enough is kept to show what it was: a web page has its title near the top. */
const longestPlainChars = 64 * 1024;

/** What `feed` throws for a line or an event without end. */
export const payloadTooLong = "A payload of the stream exceeded the max buffer size of 16 MB";

/** One per body. `feed` gives the payloads that a piece completed, `end` those that the end of the body did. */
export class PayloadLines {
  /** The line that has not ended. Its pieces are joined by the thousand: reads of one byte would make millions of them. */
  #blocks: string[] = [];
  #pieces: string[] = [];
  #lineChars = 0;
  /** The last piece ended in a carriage return: a line feed at the next one's beginning belongs to it. */
  #afterReturn = false;
  #isFirst = true;
  /** The `data` lines of the event that has not ended. */
  #data: string[] = [];
  #dataChars = 0;
  /** lines of JSON without `data:`, up to the end of its outermost bracket. */
  #bare: string[] = [];
  #depth = new JsonDepth();
  #plain = "";
  #payloads: string[] = [];

  feed(piece: string): string[] {
    let text = piece;
    if (this.#isFirst && text !== "") {
      this.#isFirst = false;
      if (text.startsWith("\ufeff")) text = text.slice(1);
    }
    if (this.#afterReturn && text !== "") {
      this.#afterReturn = false;
      if (text.startsWith("\n")) text = text.slice(1);
    }
    this.#lines(text);
    return this.#take();
  }

  /** A last event whose sender did not end it counts only when its JSON is whole: half a payload is useless. */
  end(): string[] {
    if (this.#lineChars > 0) this.#endLine("");
    const last = this.#data.join("\n");
    if (isWholeJson(last) || last.trim() === "[DONE]") this.#payloads.push(last);
    if (this.#plain.trim() !== "") this.#payloads.push(this.#plain);
    return this.#take();
  }

  #take(): string[] {
    const payloads = this.#payloads;
    this.#payloads = [];
    return payloads;
  }

  /** Each character is looked at once: a place that was found is kept until it is passed. */
  #lines(text: string): void {
    let from = 0;
    let feed = text.indexOf("\n");
    let back = text.indexOf("\r");
    while (feed >= 0 || back >= 0) {
      const isReturn = back >= 0 && (feed < 0 || back < feed);
      const end = isReturn ? back : feed;
      this.#endLine(text.slice(from, end));
      from = end + (isReturn && feed === end + 1 ? 2 : 1);
      this.#afterReturn = isReturn && from === text.length && feed !== end + 1;
      if (feed >= 0 && feed < from) feed = text.indexOf("\n", from);
      if (back >= 0 && back < from) back = text.indexOf("\r", from);
    }
    if (from >= text.length) return;
    this.#pieces.push(text.slice(from));
    if (this.#pieces.length === 1024) this.#blocks.push(this.#pieces.splice(0).join(""));
    this.#lineChars += text.length - from;
    if (this.#lineChars + this.#dataChars > longestPayloadChars) throw new Error(payloadTooLong);
  }

  #endLine(rest: string): void {
    if (this.#lineChars === 0) {
      this.#line(rest);
      return;
    }
    const line = [...this.#blocks.splice(0), ...this.#pieces.splice(0), rest].join("");
    this.#lineChars = 0;
    this.#line(line);
  }

  #line(line: string): void {
    if (line === "") this.#dispatch();
    else if (line.startsWith("data:")) this.#addData(line.slice(line[5] === " " ? 6 : 5));
    else if (!/^(?::|(?:data|event|id|retry)(?::|$))/.test(line)) this.#addOther(line);
  }

  #dispatch(): void {
    if (this.#data.length === 0) return;
    this.#payloads.push(this.#data.length === 1 ? (this.#data[0] ?? "") : this.#data.join("\n"));
    this.#data = [];
    this.#dataChars = 0;
  }

  #addData(value: string): void {
    // Some hosts put no blank line between events (opencode#8282): no JSON value has such a seam.
    const [first] = this.#data;
    const isNext = first?.startsWith("{") && first.endsWith("}") && /^\s*(?:\{|\[DONE\])/.test(value);
    if (this.#data.length === 1 && isNext) this.#dispatch();
    this.#data.push(value);
    this.#dataChars += value.length + 1;
    if (this.#dataChars > longestPayloadChars) throw new Error(payloadTooLong);
  }

  #addOther(line: string): void {
    // Indented, or in capitals: no field by the standard, and meant as one all the same.
    const field = this.#bare.length === 0 ? /^\s*data: ?(.*)$/is.exec(line) : null;
    if (field === null) this.#addBare(line);
    else this.#addData(field[1] ?? "");
  }

  #addBare(line: string): void {
    if (this.#bare.length === 0 && !/^\s*[[{]/.test(line)) {
      if (this.#plain.length < longestPlainChars) this.#plain += `${line}\n`.slice(0, longestPlainChars);
      return;
    }
    this.#bare.push(line);
    this.#depth.add(line);
    if (this.#depth.chars > longestPayloadChars) throw new Error(payloadTooLong);
    if (!this.#depth.isWhole) return;
    this.#payloads.push(this.#bare.join("\n"));
    this.#bare = [];
    this.#depth = new JsonDepth();
  }
}

function isWholeJson(text: string): boolean {
  const depth = new JsonDepth();
  depth.add(text);
  return depth.isWhole;
}

/** As much as the runtime reads at once where it is given no buffer. */
const readBytes = 4_096;

/** A reader of bytes takes a view of a buffer, and gives it back with what was read; any other ignores it. */
interface BodyReader {
  read(into: Uint8Array | undefined): Promise<ReadableStreamReadResult<Uint8Array>>;
  cancel(): Promise<void>;
}

/** The result of a read: a batch, `undefined` at the end, or the error that it failed with. */
export type BatchRead = string[] | undefined | { error: unknown };

/**
 * The payloads of a body (see `PayloadLines`): one batch per upstream read, with all payloads that this read completed. A
 * batch is empty when the read brought a sign of life (a comment, part of a payload) and nothing to pass on. The end of the
 * body gives one more batch when it completes some. Fails when the connection breaks or a payload is longer than 16 MB.
 * Not a generator: that would add promises to every read, and could not end one that is under way.
 */
export class PayloadBatches {
  readonly #reader: BodyReader;
  /** One for all reads of a body of bytes: a buffer of the runtime's own for each read is 4 KB of garbage. */
  #buffer: ArrayBufferLike | undefined;
  readonly #lines = new PayloadLines();
  readonly #decoder = new TextDecoder();
  #isOver = false;
  /** Waits for the read under way. */
  #waiting: ((read: BatchRead) => void) | undefined;

  constructor(body: ReadableStream<Uint8Array>) {
    try {
      this.#reader = body.getReader({ mode: "byob" }) as BodyReader;
      this.#buffer = new ArrayBuffer(readBytes);
    } catch {
      this.#reader = body.getReader();
    }
  }

  /** Hands the next batch to `take`; `undefined` at the end, or once it was stopped. One at a time, and no promise more than the body's own. */
  readTo(take: (read: BatchRead) => void): void {
    if (this.#isOver) {
      take(undefined);
      return;
    }
    this.#waiting = take;
    this.#reader.read(this.#buffer && new Uint8Array(this.#buffer)).then(this.#came, this.#broke);
  }

  /** Ends a read that is under way, and cancels the body. */
  stop(): void {
    this.#isOver = true;
    // Answered first: how long a runtime takes to end a read whose body is cancelled is its own affair.
    this.#answer(undefined);
    this.#reader.cancel().catch(() => {});
  }

  /** Each read is answered once. */
  #answer(read: BatchRead): void {
    const take = this.#waiting;
    this.#waiting = undefined;
    take?.(read);
  }

  readonly #came = (read: ReadableStreamReadResult<Uint8Array>): void => {
    let batch: string[] | undefined;
    try {
      batch = this.#take(read);
    } catch (error) {
      this.#answer({ error });
      this.stop();
      return;
    }
    this.#answer(batch);
  };

  readonly #broke = (error: unknown): void => this.#answer({ error });

  #take({ done, value }: ReadableStreamReadResult<Uint8Array>): string[] | undefined {
    if (this.#isOver) return undefined;
    if (!done) {
      const text = this.#decoder.decode(value, { stream: true });
      this.#buffer &&= value.buffer;
      return this.#lines.feed(text);
    }
    this.#isOver = true;
    const last = this.#lines.end();
    return last.length > 0 ? last : undefined;
  }
}

/** The beginning of a text that is not needed whole: a refusal. At most about `mostChars`; the rest is not read. */
export async function beginningOf(body: ReadableStream<Uint8Array>, mostChars: number): Promise<string> {
  const decoder = new TextDecoder();
  const reader = body.getReader();
  let text = "";
  while (text.length < mostChars) {
    const { done, value } = await reader.read();
    if (done) return text + decoder.decode();
    text += decoder.decode(value, { stream: true });
  }
  void reader.cancel().catch(() => {});
  return text;
}
