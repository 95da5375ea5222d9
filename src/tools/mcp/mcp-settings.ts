/** The addresses of MCP servers that are added without code. The bearer of each is the secret `MCP_TOKEN_<NAME>`. */
import { namedUrls } from "../../core/setting-lists.ts";
import { text } from "../../core/settings.ts";

export const mcpSettings = {
  // Some servers have their key in the address.
  MCP_SERVERS: { schema: text(namedUrls), secret: true },
} as const;
