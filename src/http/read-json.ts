/** Reads a request body as JSON within limits. Counts bytes as they come, depth and values before parsing; knows nothing of the JSON's fields. */
import { AppError } from "../core/errors.ts";
import { deepestJson, JsonScan } from "../core/nesting.ts";
import { readBounded } from "../core/read-bounded.ts";
import { aloneBytes, decodingMs, followingMs, inPieces, jsonWorkMs, pace, parsedAlone, readingPace } from "./pace.ts";

/** Most values in a body: each costs the schema's check, and each wrong one a complaint, however short it is. */
const mostValues = 100_000;

/** Bounds of a body. `maxBytes`: 1 MB; `maxDepth`: 64 levels of objects and arrays. */
export interface BodyLimits {
  maxBytes?: number;
  maxDepth?: number;
  /** The value of an empty body; without it an empty body is refused. */
  empty?: unknown;
}

/** The parsed body. Throws `unsupported_media_type`, `payload_too_large` or `invalid_request`. */
export async function readJson(request: Request, limits: BodyLimits = {}): Promise<unknown> {
  const { maxBytes = 1_048_576, maxDepth = deepestJson, empty } = limits;
  const type = request.headers.get("Content-Type");
  // Over HTTP a request without a body has an empty one, and needs no content type.
  if (empty === undefined) mustBeJson(type);
  const bytes = await readBytes(request, maxBytes);
  if (empty !== undefined && bytes.length === 0) return empty;
  mustBeJson(type);
  const scan = new JsonScan();
  const text = await decoded(bytes, (piece) => void scan.take(piece));
  if (text.trim() === "") throw new AppError("invalid_request", "The body is empty. Send a JSON object.");
  const { deepest, values } = scan;
  if (deepest > maxDepth) throw new AppError("invalid_request", `The body is nested deeper than ${maxDepth} levels.`);
  if (values > mostValues) throw new AppError("invalid_request", `The body has more than ${mostValues} values.`);
  await pace(jsonWorkMs({ units: text.length, values }) + followingMs(values));
  const value = parsed(text);
  if (bytes.length > aloneBytes) parsedAlone(values);
  // The schema's check is a piece of its own.
  await pace(values / 2_000);
  return value;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new AppError("invalid_request", `The body is not JSON: ${(error as Error).message}.`);
  }
}

/** The body as text. Throws `payload_too_large` or `invalid_request`. */
export async function readText(request: Request, maxBytes: number): Promise<string> {
  return decoded(await readBytes(request, maxBytes));
}

function mustBeJson(header: string | null): void {
  const [type = "", ...parameters] = (header ?? "").split(";").map((part) => part.trim().toLowerCase());
  const isJson = type === "application/json" || /^application\/[\w.-]+\+json$/.test(type);
  const isUtf8 = parameters.every((part) => !part.startsWith("charset=") || /^charset="?utf-?8"?$/.test(part));
  if (isJson && isUtf8) return;
  const came = header === null || header === "" ? "missing" : header;
  const detail = `Content-Type must be application/json, in UTF-8; it was ${came}.`;
  throw new AppError("unsupported_media_type", detail, { field: "Content-Type" });
}

async function readBytes(request: Request, maxBytes: number): Promise<Uint8Array> {
  const announced = Number(request.headers.get("Content-Length") ?? 0);
  if (announced > maxBytes) throw tooLarge(`${announced} bytes`, maxBytes);
  // Content-Length may be absent or a lie; what counts is what came.
  const { bytes, cut, cameBytes } = await readBounded(request.body, maxBytes, readingPace(announced));
  if (cut) throw tooLarge(`at least ${cameBytes} bytes`, maxBytes);
  return bytes;
}

function tooLarge(size: string, maxBytes: number): AppError {
  return new AppError("payload_too_large", `The body has ${size}; at most ${maxBytes} are taken.`);
}

/** Bytes that are decoded in one go. */
const pieceBytes = 500_000;

/** `look` is handed each piece of the text. */
async function decoded(bytes: Uint8Array, look?: (piece: string) => void): Promise<string> {
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: false });
  const pieces = inPieces();
  let text = "";
  try {
    for (let from = 0; from <= bytes.length; from += pieceBytes) {
      const piece = bytes.subarray(from, from + pieceBytes);
      await pieces(2 * decodingMs(piece));
      const part = decoder.decode(piece, { stream: from + pieceBytes <= bytes.length });
      look?.(part);
      text += part;
    }
  } catch {
    throw new AppError("invalid_request", "The body is not valid UTF-8.");
  }
  return text;
}
