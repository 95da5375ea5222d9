/**
 * Decides whether a URL may be fetched for a model that obeys the author of the page before: https, no credentials, a public
 * host. Looks at names and literal addresses only; a public name that resolves inward is stopped by the runtime, not here.
 */
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

/** IPv4 ranges that are no single public host's (IANA's special-purpose registry). */
const innerIpv4 =
  "0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.0.0.0/24 192.0.2.0/24 192.31.196.0/24 192.52.193.0/24 192.88.99.0/24 192.168.0.0/16 192.175.48.0/24 198.18.0.0/15 198.51.100.0/24 203.0.113.0/24 224.0.0.0/4 240.0.0.0/4".split(
    " ",
  );
/** The one range from which IANA gives public IPv6 addresses, and what within it is none: Teredo, documentation, 6to4, AS112. */
const globalUnicast = "2000::/3";
const innerIpv6 = ["2001::/23", "2001:db8::/32", "2002::/16", "2620:4f:8000::/48", "3fff::/20"];
const mappedIpv4 = "::ffff:0:0/96";

/** Why this URL must not be fetched, in words for the model; `undefined` when it may. */
export function refusalOf(url: URL): string | undefined {
  if (url.protocol !== "https:") return `Only https is fetched, not ${url.protocol.slice(0, -1)}.`;
  if (url.username !== "" || url.password !== "") return "URLs with a user name or password are not fetched.";
  if (url.port !== "") return `Only the usual https port is fetched, not ${url.port}.`;
  const host = url.hostname.replace(/\.+$/, "");
  // A URL writes every spelling of an address in one way.
  if (/^\d+(\.\d+){3}$/.test(host) || host.startsWith("["))
    return isPublic(host) ? undefined : `${host} is not a public address.`;
  const inner = innerNames.some((name) => host === name || host.endsWith(`.${name}`));
  if (inner || !host.includes(".")) return `${host || "An empty name"} is not a public name.`;
  return undefined;
}

function isPublic(host: string): boolean {
  if (!host.startsWith("[")) return isPublicIpv4(numberOf(host));
  const address = numberOf(host.slice(1, -1));
  if (isWithin(address, mappedIpv4)) return isPublicIpv4(address & 0xffff_ffffn);
  return isWithin(address, globalUnicast) && !innerIpv6.some((range) => isWithin(address, range));
}

function isPublicIpv4(address: bigint): boolean {
  return !innerIpv4.some((range) => isWithin(address, range));
}

function isWithin(address: bigint, range: string): boolean {
  const [first = "", bits] = range.split("/");
  const free = BigInt((first.includes(":") ? 128 : 32) - Number(bits));
  return address >> free === numberOf(first) >> free;
}

/** An address as a URL writes it: four numbers, or groups of hexadecimal digits with one `::` at most. */
function numberOf(address: string): bigint {
  if (!address.includes(":")) return address.split(".").reduce((sum, part) => (sum << 8n) | BigInt(part), 0n);
  const [head = [], tail = []] = address.split("::").map((half) => half.split(":").filter((group) => group !== ""));
  const groups = [...head, ...Array<string>(8 - head.length - tail.length).fill("0"), ...tail];
  return groups.reduce((sum, group) => (sum << 16n) | BigInt(`0x${group}`), 0n);
}
