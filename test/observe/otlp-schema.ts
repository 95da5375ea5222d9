/** Reads OTLP JSON with the schema that opentelemetry-proto publishes, as protobufjs compiles it. */
import protos from "@opentelemetry/otlp-transformer/build/src/generated/root.js";

type Json = { [name: string]: unknown };
/** What of the compiled message is used here; the package's own types leave it out. */
interface Message {
  fromObject(json: Json): object;
  verify(message: object): string | null;
  encode(message: object): { finish(): Uint8Array };
  decode(bytes: Uint8Array): object;
  toObject(message: object, how: object): Json;
}
const root = protos as unknown as {
  opentelemetry: { proto: { collector: { trace: { v1: { ExportTraceServiceRequest: Message } } } } };
};
const { ExportTraceServiceRequest: Request } = root.opentelemetry.proto.collector.trace.v1;
const ids = new Set(["traceId", "spanId", "parentSpanId"]);

/** The request in protobuf and back. What the schema does not know, or knows by another type, is lost on the way. */
export function throughSchema(request: Json): Json {
  const made = Request.fromObject(withIds(request, (hex) => Buffer.from(hex, "hex").toString("base64")) as Json);
  const fault = Request.verify(made);
  if (fault !== null) throw new Error(fault);
  const read = Request.toObject(Request.decode(Request.encode(made).finish()), { longs: String, bytes: String });
  return withIds(read, (base64) => Buffer.from(base64, "base64").toString("hex")) as Json;
}

/** OTLP writes ids in hexadecimal where proto3's JSON has base64. */
function withIds(value: unknown, change: (id: string) => string): unknown {
  if (Array.isArray(value)) return value.map((each) => withIds(each, change));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, field]) => [
      name,
      ids.has(name) && typeof field === "string" ? change(field) : withIds(field, change),
    ]),
  );
}
