/** The door for people: the page at `/`, a frame that loads the playground, which uses the native door alone. Allows nothing but the Worker's own files. */

import { html } from "hono/html";
import { type Door, defineDoor } from "../door.ts";
import { welcome } from "../front.ts";
import { Routes } from "../routes.ts";

/** The page at `/`. Its scripts are static files: `wrangler.toml` builds and serves them (`[build]` and `[assets]`). */
export function playground(): Door {
  return defineDoor({ name: "playground", routes: () => [["/", routes]] });
}

const routes = new Routes().get("/", "everyone", (c) => {
  const isDev = c.var.app.settings.auth.kind === "dev";
  return page({ welcome: welcome(c.var.app, c.req.url), ...(isDev && { devKey: "dev-key" }) });
});

/** Scripts, styles and calls go to this Worker alone; pictures are our own or drawn on the spot. */
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "img-src 'self' data:",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  // The page makes elements one by one: no text is ever read as HTML.
  "require-trusted-types-for 'script'",
].join("; ");

/** The page. `welcome`: plain text for those without scripts. `devKey`: the key that a development server accepts. */
function page({ welcome, devKey }: { welcome: string; devKey?: string }): Response {
  const meta = devKey === undefined ? "" : html`<meta name="longline-dev-key" content="${devKey}">`;
  const text = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
${meta}
<title>Longline</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/playground/app.css">
<script type="module" src="/playground/app.js"></script>
</head>
<body>
<div id="root"><pre>${welcome}</pre></div>
</body>
</html>
`;
  return new Response(String(text), {
    headers: {
      "Content-Type": "text/html; charset=utf-8",
      "Content-Security-Policy": policy,
      "Cache-Control": "no-cache",
      "X-Content-Type-Options": "nosniff",
      "Referrer-Policy": "no-referrer",
    },
  });
}
