/** Preload for Portkey's gateway: it changes the headers of the provider's response in place, which Node 24 refuses with "TypeError: immutable". */
const { fetch } = globalThis;
globalThis.fetch = async (...request: Parameters<typeof fetch>) => {
  const response = await fetch(...request);
  return new Response(response.body, response);
};
