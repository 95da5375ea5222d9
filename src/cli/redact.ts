/** Takes out of real conversations what must not be committed: keys, credentials, and what names a person. The same text gets the same placeholder, so that a conversation stays one. Pure. */
import { withoutCredentials, withoutSecret } from "../core/secrets.ts";

/** What looks like a key of any host. */
const keyLike =
  /\b(?:sk|pk|rk|gsk|xai|pplx|hf|ak|nvapi|fw|tgp|csk|ghp|gho|xox[abp])[-_][\w-]{12,}|\bAIza[\w-]{20,}|\bAKIA[0-9A-Z]{16}\b|\beyJ[\w-]{10,}\.[\w-]{10,}\.[\w-]{10,}/g;
const email = /[\p{L}\d._%+-]{1,64}@[\p{L}\d-]{1,63}(?:\.[\p{L}\d-]{1,63}){1,5}/gu;
/** Thirteen to nineteen digits, perhaps in groups. */
const card = /(?<![\d.])\d(?:[ -]?\d){12,18}(?!\.?\d)/g;
/** With a country's code, or in groups: plain numbers are orders and sums. */
const phone =
  /(?<![\w.])(?:\+\d{1,3}[ .-]?(?:\(?\d{1,4}\)?[ .-]?){2,5}\d{2,4}|\(?\d{3}\)?[ .-]\d{3}[ .-]\d{4})(?!\w|\.\d)/g;

export interface RedactOptions {
  /** Values that must not stay, by name. */
  secrets?: Readonly<Record<string, string>>;
  /** Leaves addresses and numbers of people in. */
  keepsPersonal?: boolean;
}

/** A function that redacts each text it is handed, with placeholders that stay the same over all of them. */
export function redactor({ secrets = {}, keepsPersonal = false }: RedactOptions = {}): (text: string) => string {
  const known = new Map<string, string>();
  const placeholder = (found: string, make: (number: number) => string) => {
    const named = known.get(found) ?? make(known.size + 1);
    known.set(found, named);
    return named;
  };
  return (text) => {
    const bare = Object.entries(secrets).reduce((left, [name, value]) => withoutSecret(left, value, `[${name}]`), text);
    const keyless = withoutCredentials(bare).replace(keyLike, "[key]");
    if (keepsPersonal) return keyless;
    return keyless
      .replace(email, (found) => placeholder(found.toLowerCase(), (number) => `person${number}@example.com`))
      .replace(card, (found) =>
        isCard(found) ? placeholder(found.replace(/\D/g, ""), () => "4242 4242 4242 4242") : found,
      )
      .replace(phone, (found) =>
        placeholder(found.replace(/\D/g, ""), (number) => `+1 555 01${String(number).padStart(2, "0")}`),
      );
  };
}

/** By its check digit (Luhn, ISO/IEC 7812-1): long order numbers stay. */
function isCard(text: string): boolean {
  const digits = text.replace(/\D/g, "");
  const sum = [...digits].toReversed().reduce((total, digit, at) => {
    const value = Number(digit) * (at % 2 === 1 ? 2 : 1);
    return total + (value > 9 ? value - 9 : value);
  }, 0);
  return sum % 10 === 0;
}

/** Every text in a value of JSON; names of fields stay. */
export function redactValue(value: unknown, redact: (text: string) => string): unknown {
  if (typeof value === "string") return redact(value);
  if (Array.isArray(value)) return value.map((each) => redactValue(each, redact));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, redactValue(inner, redact)]));
}
