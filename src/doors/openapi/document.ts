/** The OpenAPI document, made of the schemas that validate. Made with the first request for it, once: with it come the schemas of all answers, which nothing else makes. */
import type { createDocument, ZodOpenApiPathsObject } from "zod-openapi";
import { version } from "../../../package.json";
import type { App } from "../../agent/app.ts";
import { channelOperations } from "../channels/operations.ts";
import { frontOperations, nativeOperations } from "../native/operations.ts";
import { type Operation, operationObject } from "../operation.ts";
import { operationIdOf } from "./operation-ids.ts";

/** All calls of an app, as `METHOD /path/{name}`. `ofDoors`: those of the doors that it lists. */
export function operationsOf(
  app: Pick<App, "channels" | "doors">,
  ofDoors: Record<string, Operation>,
): Record<string, Operation> {
  return { ...nativeOperations(), ...channelOperations(app), ...ofDoors, ...frontOperations() };
}

/** Made once for each app, without `servers`: they are where this Worker was reached. */
const made = new WeakMap<App, ReturnType<typeof createDocument>>();

export async function openApiDocument(
  app: App,
  ofDoors: () => Promise<Record<string, Operation>>,
): Promise<ReturnType<typeof createDocument>> {
  const document = made.get(app) ?? (await make(operationsOf(app, await ofDoors())));
  made.set(app, document);
  return document;
}

async function make(operations: Record<string, Operation>): Promise<ReturnType<typeof createDocument>> {
  // It brings the whole of zod, whose evaluation the start does not pay.
  const { createDocument } = await import("zod-openapi");
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
