/** Every row of the replay, in the order in which they are sent: later ones use what earlier ones made. */
import type { Row } from "./row.ts";
import { accountRows } from "./rows/account.ts";
import { channelRows } from "./rows/channels.ts";
import { demoRows } from "./rows/demo.ts";
import { chatRows, conversationRows, responseRows } from "./rows/openai.ts";
import { pageRows, publicRows } from "./rows/public.ts";
import { importRows, sessionRows } from "./rows/sessions.ts";
import { turnRows } from "./rows/turns.ts";
import { mcpRows, uiRows } from "./rows/ui.ts";

export const allRows: Row[] = [
  ...publicRows,
  ...pageRows,
  ...sessionRows,
  ...importRows,
  ...turnRows,
  ...chatRows,
  ...responseRows,
  ...conversationRows,
  ...uiRows,
  ...mcpRows,
  ...channelRows,
  ...accountRows,
  ...demoRows,
];
