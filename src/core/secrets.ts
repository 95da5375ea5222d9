/** Takes secrets out of foreign text before it is stored, shown or sent to a model: servers and proxies repeat what was sent to them in their errors. Pure. */

/** A shorter secret is a placeholder for a server that wants none; replacing it would only garble the text. */
const shortestSecret = 4;
/** A shorter piece of an encoded secret may be any word. */
const shortestPiece = 8;

/** `text` without `secret`, as it is and URL-encoded, as JSON, in HTML, in hex, and in base64 wherever in a longer text it was encoded. */
export function withoutSecret(text: string, secret: string | undefined, label = "[secret]"): string {
  if (secret === undefined || secret.length < shortestSecret) return text;
  return formsOf(secret).reduce((left, form) => left.replaceAll(form, label), text);
}

/** `text` without the values of headers that carry credentials, such as `authorization: …`, no matter who owns them. For errors; a page may well write about headers. */
export function withoutCredentials(text: string): string {
  return text
    .replace(
      /\b((?:proxy-)?authorization|(?:x-)?api-?key|x-auth-token)(["']?[ \t]{0,4}[:=][ \t]{0,4}["']?)((?:bearer|basic|token)[ \t]{1,4})?[^\s"',;}\]]{4,}/gi,
      "$1$2$3[secret]",
    )
    .replace(/\b((?:set-)?cookie)(["']?[ \t]{0,4}:[ \t]{0,4}["']?)[^\r\n"']{4,}/gi, "$1$2[secret]")
    .replace(/\b(bearer[ \t]{1,4})[A-Za-z0-9._~+/=-]{12,}/gi, "$1[secret]");
}

function formsOf(secret: string): string[] {
  const bytes = new TextEncoder().encode(secret);
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  const percent = [encodeURIComponent(secret.toWellFormed()), new URLSearchParams({ "": secret }).toString().slice(1)];
  const pieces = [0, 1, 2].map((offset) => base64Piece(bytes, offset)).filter(({ length }) => length >= shortestPiece);
  const forms = [
    secret,
    ...jsonForms(secret),
    ...percent,
    ...percent.map((encoded) => encoded.replace(/%[0-9A-F]{2}/g, (code) => code.toLowerCase())),
    secret.replace(/[&<>"']/g, (sign) => htmlSigns[sign] ?? sign),
    ...pieces,
    ...pieces.map((piece) => piece.replaceAll("+", "-").replaceAll("/", "_")),
    hex,
    hex.toUpperCase(),
  ];
  // The longest first: a shorter one may be a part of it.
  return [...new Set(forms)].toSorted((a, b) => b.length - a.length);
}

const htmlSigns: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** Inside a JSON string: as JavaScript, Python (ASCII alone) and PHP (`\\/`) write it, and each in a JSON string again, as an error that quotes another. */
function jsonForms(secret: string): string[] {
  const inString = (text: string) => JSON.stringify(text).slice(1, -1);
  const plain = inString(secret);
  const ascii = plain.replace(/[\u007f-\uffff]/g, (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, "0")}`);
  const forms = [plain, ascii].flatMap((form) => [form, form.replaceAll("/", "\\/")]);
  return [...forms, ...forms.map(inString)];
}

/** What stays the same in base64 when `offset` bytes (modulo 3) come before the secret, and anything after it. */
function base64Piece(bytes: Uint8Array, offset: number): string {
  const shifted = String.fromCharCode(...new Array<number>(offset).fill(0), ...bytes.subarray(0, longestEncoded));
  const whole = Math.floor((Math.min(bytes.length, longestEncoded) + offset) * (4 / 3));
  return btoa(shifted).slice(offset === 0 ? 0 : offset + 1, whole);
}

/** The beginning of a long secret names it as well. */
const longestEncoded = 1_024;
