/** The OpenAPI document, made of the schemas that validate. Loaded with the first request for it, and made once. */
import { createDocument, type ZodOpenApiPathsObject } from "zod-openapi";
import { version } from "../../../package.json";
import type { App } from "../../agent/app.ts";
import { adminOperations } from "../admin/operations.ts";
import { uiOperations } from "../ai-sdk/operations.ts";
import { channelOperations } from "../channels/operations.ts";
import { mcpOperations } from "../mcp/operations.ts";
import { frontOperations, nativeOperations } from "../native/operations.ts";
import { openAiOperations } from "../openai/operations.ts";
import { type Operation, operationObject } from "../operation.ts";
import { prefixOperations } from "../prefixes/operations.ts";
import { operationIdOf } from "./operation-ids.ts";

/**
 * What is said of the library's own doors, by their names. It is here and not in the doors, so that an app without this
 * door does not carry it; a door of an app's own brings what is said of it along.
 */
const ofLibrary: Record<string, Record<string, Operation>> = {
  admin: adminOperations,
  prefixes: prefixOperations,
  openai: openAiOperations,
  aiSdk: uiOperations,
  mcp: mcpOperations,
};

/** All calls of an app, as `METHOD /path/{name}`. `ofDoors`: of doors that are not of the library. */
export function operationsOf(
  app: Pick<App, "channels" | "doors">,
  ofDoors: Record<string, Operation>,
): Record<string, Operation> {
  const listed: Record<string, Operation> = Object.assign({}, ...app.doors.map(({ name }) => ofLibrary[name]));
  return { ...nativeOperations, ...listed, ...channelOperations(app), ...ofDoors, ...frontOperations };
}

/** Made once for each app, without `servers`: they are where this Worker was reached. */
const made = new WeakMap<App, ReturnType<typeof createDocument>>();

export async function openApiDocument(
  app: App,
  ofDoors: () => Promise<Record<string, Operation>>,
): Promise<ReturnType<typeof createDocument>> {
  const document = made.get(app) ?? make(operationsOf(app, await ofDoors()));
  made.set(app, document);
  return document;
}

function make(operations: Record<string, Operation>): ReturnType<typeof createDocument> {
  const paths: ZodOpenApiPathsObject = {};
  for (const [call, operation] of Object.entries(operations)) {
    const [method = "", path = ""] = call.split(" ");
    const operationId = operationIdOf(call);
    paths[path] = { ...paths[path], [method.toLowerCase()]: { operationId, ...operationObject(path, operation) } };
  }
  return createDocument({
    openapi: "3.1.0",
    info: {
      title: "Longline",
      version,
      description:
        "An agent backend: durable sessions over HTTP and SSE, and the protocols that clients already speak.",
    },
    paths,
    security: [{ key: [] }],
    components: {
      securitySchemes: {
        key: { type: "http", scheme: "bearer", description: "A key of an account, or a token of one session." },
        url_token: {
          type: "apiKey",
          in: "query",
          name: "token",
          description: "A session token with the right `read` alone, for browsers' EventSource.",
        },
        admin: { type: "http", scheme: "bearer", description: "The Worker's ADMIN_KEY." },
      },
    },
  });
}
