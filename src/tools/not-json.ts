/** Finds values in a tool's result that JSON would turn into `{}` without an error, so that the model would read an empty result. Pure. */

/** Values deeper in a result than this many are not looked at: what is wrong is near its top, and a result may be large. */
const mostValues = 1_000;

/** The first such value in words, such as "a Response"; `undefined` when there is none. */
export function notJson(value: unknown): string | undefined {
  const queue: unknown[] = [value];
  for (let at = 0; at < queue.length && at < mostValues; at++) {
    const each = queue[at];
    const lost = lostKind(each);
    if (lost !== undefined) return lost;
    if (typeof each === "object" && each !== null && !("toJSON" in each)) {
      const room = mostValues - queue.length;
      if (Array.isArray(each)) queue.push(...each.slice(0, Math.max(0, room)));
      else queue.push(...ownValues(each, room));
    }
  }
  return undefined;
}

function lostKind(value: unknown): string | undefined {
  if (typeof value !== "object" || value === null || "toJSON" in value) return undefined;
  if (value instanceof Error) return `an Error (${value.message || value.name}). Throw it instead`;
  if (value instanceof Response) return "a Response. Return its text: await response.text()";
  if (value instanceof Promise) return "a Promise inside of it. Await that first";
  const kind = Object.prototype.toString.call(value).slice(8, -1);
  if (ArrayBuffer.isView(value) || hollow.has(kind)) return `a value of the type ${kind}. Return text, or plain data`;
  return undefined;
}

/** JSON writes each as `{}`. */
const hollow = new Set([
  ...["ArrayBuffer", "Map", "Set", "WeakMap", "WeakSet", "RegExp", "Request", "Headers", "FormData", "Blob", "File"],
  ...["ReadableStream", "WritableStream", "Generator", "AsyncGenerator", "Map Iterator", "Set Iterator"],
  ...["Array Iterator", "Iterator Helper", "AbortSignal", "WebSocket"],
]);

function ownValues(value: object, most: number): unknown[] {
  const values: unknown[] = [];
  for (const key in value) {
    if (values.length >= most) break;
    if (Object.hasOwn(value, key)) values.push((value as Record<string, unknown>)[key]);
  }
  return values;
}
