/** A POST of JSON as a command for a shell: nothing in the address or in the body gets out of its quotes. Pure. */
export function curl({ url, key, body }: { url: string; key: string; body: unknown }): string {
  return `curl ${quoted(url)} \\
  -H "Authorization: Bearer ${key}" -H "Content-Type: application/json" \\
  -d ${quoted(JSON.stringify(body))}`;
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
