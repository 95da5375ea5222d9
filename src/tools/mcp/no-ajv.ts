/** Stands in the bundle for ajv (40 KB gzipped), which the MCP SDK imports and which Workers could not run: it makes functions out of text. Schemas are checked by @cfworker/json-schema. */
export default class NoAjv {
  constructor() {
    throw new Error("ajv is not part of the Worker: give the MCP client or server a jsonSchemaValidator.");
  }
}
