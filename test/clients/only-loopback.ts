/** Preloaded into each client's Node process: a connection that does not go to this machine is refused, as if nothing listened there. No name is looked up. */
import { Socket } from "node:net";

const local = /^(?:127\.\d+\.\d+\.\d+|::1|::ffff:127\.\d+\.\d+\.\d+|localhost)$/;
const connect = Socket.prototype.connect;
/** Nothing listens there. Why not destroy the socket: its owner may not listen for errors yet. */
const nowhere = { host: "127.0.0.1", port: 9 };

interface Target {
  host?: string;
  /** Of a Unix socket. */
  path?: string;
}

/** Node calls it with `(options, done)`, `[options, done]` or `(port, host, done)`. */
Socket.prototype.connect = function (this: Socket, ...given: unknown[]) {
  const [first, second] = (Array.isArray(given[0]) ? given[0] : given) as [unknown, unknown];
  const options = typeof first === "object" && first !== null ? (first as Target) : undefined;
  const host = options?.host ?? (typeof second === "string" ? second : "127.0.0.1");
  const isNear = options === undefined ? local.test(host) : options.path !== undefined || local.test(host);
  if (isNear) return connect.apply(this, given as Parameters<typeof connect>);
  process.stderr.write(`refused a connection to ${host}\n`);
  return connect.apply(this, [{ ...options, ...nowhere }] as unknown as Parameters<typeof connect>);
} as typeof connect;
