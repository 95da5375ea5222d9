/** A silent stream has a comment every 150 ms in place of every 15 s. */
import { type PullSource, pullStream as pulled } from "../../../src/http/sse.ts";

export * from "../../../src/http/sse.ts";
export const pullStream: typeof pulled = (source: PullSource) => pulled({ heartbeatMs: 150, ...source });
