/** JSON schemas from callers: tools that run at the client, and forms of answers. With them come the validator and the measures of what may be checked. */

import { parseBody } from "../http/parse-body.ts";
import { judgeAnswer } from "../model/judge-by-schema.ts";
import { offeredClientTool, strictClientTool } from "../tools/client-tool.ts";
import { clientToolsOf } from "./client-tools.ts";
import { type Door, defineDoor } from "./door.ts";
import type { MessageSchemas } from "./message-schemas.ts";
import { formatOf } from "./response-format.ts";
import { sentMessage } from "./sent-message.ts";

/** Of each door whose requests hold schemas. */
export const schemas: MessageSchemas = {
  offered: offeredClientTool,
  strict: strictClientTool,
  judge: judgeAnswer,
  readMessage: (body) => parseBody(sentMessage, body),
  optionsOf(agent, { response_format, tools = [] }) {
    const form = formatOf(response_format);
    const own = clientToolsOf(agent, tools);
    return { ...(form && { responseFormat: form }), ...(own.length > 0 && { tools: own }) };
  },
};

/** `tools` and `response_format` of native messages. An app that lists `openai()` or `aiSdk()` takes them already. */
export function jsonSchemas(): Door {
  return defineDoor({ name: "jsonSchemas", isNative: true, routes: () => [], schemas });
}
