/** The OpenAPI document, made of the schemas that validate. Loaded with the first request for it, and made once. */
import { createDocument, type ZodOpenApiPathsObject } from "zod-openapi";
import { version } from "../../../package.json";
import { accountOperations } from "./account-operations.ts";
import { dialectOperations } from "./dialect-operations.ts";
import { operationObject } from "./operation.ts";
import { operationIds } from "./operation-ids.ts";
import { sessionOperations } from "./session-operations.ts";

/** All calls, as `METHOD /path/{name}`. */
export const operations = { ...sessionOperations, ...accountOperations, ...dialectOperations };

let made: Omit<ReturnType<typeof make>, "servers"> | undefined;

/** `origin`: where this Worker was reached. */
export function openApiDocument(origin: string): ReturnType<typeof createDocument> {
  made ??= make();
  return { ...made, servers: [{ url: origin }] };
}

function make() {
  const paths: ZodOpenApiPathsObject = {};
  for (const [call, operation] of Object.entries(operations)) {
    const [method = "", path = ""] = call.split(" ");
    const operationId = operationIds[call];
    if (operationId === undefined) throw new Error(`${call} has no operationId.`);
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
