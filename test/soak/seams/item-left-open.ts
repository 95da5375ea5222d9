/** An item of an attempt that a kill cut off stays open. */
import { ResponseFrames as Frames } from "../../../src/doors/openai/responses/response-frames.ts";

export * from "../../../src/doors/openai/responses/response-frames.ts";

export class ResponseFrames extends Frames {
  override seenBefore(): undefined {
    return undefined;
  }
}
