/** Names bytes by their content. The same text has the same name everywhere and for ever. */

/** SHA-256 of the text's UTF-8, in 64 hexadecimal digits. */
export async function sha256Hex(text: string): Promise<string> {
  const hash = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return Array.from(new Uint8Array(hash), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
