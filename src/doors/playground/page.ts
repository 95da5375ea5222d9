/** The frame of the page: it loads the playground, and says what is running to those without scripts. Allows nothing but the Worker's own files. Pure. */
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
export function page({ welcome, devKey }: { welcome: string; devKey?: string }): Response {
  const meta = devKey === undefined ? "" : `<meta name="longline-dev-key" content="${escaped(devKey)}">`;
  const text = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
${meta}
<title>Longline</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/playground/app.css">
<link rel="modulepreload" href="/playground/chunk.js">
<script type="module" src="/playground/app.js"></script>
</head>
<body>
<div id="root"><pre>${escaped(welcome)}</pre></div>
</body>
</html>
`;
  return new Response(text, {
    headers: {
      "Content-Type": "text/html; charset=utf-8",
      "Content-Security-Policy": policy,
      "Cache-Control": "no-cache",
      "X-Content-Type-Options": "nosniff",
      "Referrer-Policy": "no-referrer",
    },
  });
}

/** As text in HTML, also in an attribute with quotes. */
function escaped(text: string): string {
  const names: Record<string, string> = { "&": "amp", "<": "lt", ">": "gt", '"': "quot", "'": "#39" };
  return text.replace(/[&<>"']/g, (sign) => `&${names[sign]};`);
}
