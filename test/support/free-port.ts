/** Ports for servers of tests that are started by their number. Below those that the system gives to outgoing connections, of which a run has thousands: one of them could take the port before its server does, or while it is restarted. */
import { once } from "node:events";
import { createServer } from "node:net";

const first = 16_384;
const many = 16_384;

/** A port on which nothing listens now. Random, so that processes that run side by side rarely ask for the same one at once. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = first + Math.floor(Math.random() * many);
    const server = createServer().listen(port, "127.0.0.1");
    const isFree = await once(server, "listening").then(
      () => true,
      () => false,
    );
    if (!isFree) continue;
    server.close();
    await once(server, "close");
    return port;
  }
}
