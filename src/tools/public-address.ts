/**
 * Decides whether a URL may be fetched for a model that obeys whoever wrote the page before: https, no credentials, a public
 * host. Looks at names and literal addresses only; a public name that resolves inward is stopped by the runtime, not here.
 */
import ipaddr from "ipaddr.js";

/** Names that never lead outside, by their last labels (RFC 6761, 6762, 8375, 9476, ICANN's .internal, and old habits). */
const innerNames = [
  "localhost",
  "localdomain",
  "local",
  "internal",
  "intranet",
  "lan",
  "home",
  "corp",
  "private",
  "test",
  "invalid",
  "example",
  "onion",
  "alt",
  "arpa",
];

/** The one range IANA gives public IPv6 addresses from; ipaddr.js knows the exceptions within it, such as 6to4 and Teredo. */
const globalUnicast = ipaddr.IPv6.parse("2000::");

/** Why this URL must not be fetched, in words for the model; `undefined` when it may. */
export function refusalOf(url: URL): string | undefined {
  if (url.protocol !== "https:") return `Only https is fetched, not ${url.protocol.slice(0, -1)}.`;
  if (url.username !== "" || url.password !== "") return "URLs with a user name or password are not fetched.";
  if (url.port !== "") return `Only the usual https port is fetched, not ${url.port}.`;
  const host = url.hostname.replace(/\.+$/, "");
  const address = host.replace(/^\[|\]$/g, "");
  if (ipaddr.isValid(address)) return isPublic(address) ? undefined : `${host} is not a public address.`;
  const inner = innerNames.some((name) => host === name || host.endsWith(`.${name}`));
  if (inner || !host.includes(".")) return `${host || "An empty name"} is not a public name.`;
  return undefined;
}

function isPublic(text: string): boolean {
  const address = ipaddr.process(text);
  if (address.range() !== "unicast") return false;
  return address.kind() === "ipv4" || address.match(globalUnicast, 3);
}
