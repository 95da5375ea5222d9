import ipaddr from "ipaddr.js";
import { describe, expect, it } from "vitest";
import { refusalOf } from "../../src/tools/public-address.ts";
import { randomOf } from "../support/random.ts";

const refused: [string, string][] = [
  // [URL, what it is refused for]
  ["http://example.org/", "Only https is fetched, not http."],
  ["ftp://example.org/", "Only https is fetched, not ftp."],
  ["file:///etc/passwd", "Only https is fetched, not file."],
  ["data:text/plain,hello", "Only https is fetched, not data."],
  ["javascript:alert(1)", "Only https is fetched, not javascript."],
  ["blob:https://cloudflare.com/1", "Only https is fetched, not blob."],
  ["wss://cloudflare.com/", "Only https is fetched, not wss."],
  ["https://user@cloudflare.com/", "URLs with a user name or password are not fetched."],
  ["https://user:secret@cloudflare.com/", "URLs with a user name or password are not fetched."],
  ["https://:secret@cloudflare.com/", "URLs with a user name or password are not fetched."],
  ["https://cloudflare.com@10.0.0.1/", "URLs with a user name or password are not fetched."],
  ["https://cloudflare.com:8443/", "Only the usual https port is fetched, not 8443."],
  ["https://cloudflare.com:80/", "Only the usual https port is fetched, not 80."],
  ["https://cloudflare.com:22/", "Only the usual https port is fetched, not 22."],
];

/** Spellings of addresses, all of which lead inward or nowhere. */
const innerAddresses = [
  // This host and this network
  "127.0.0.1",
  "127.1",
  "127.0.1",
  "127.255.255.254",
  "2130706433",
  "0x7f000001",
  "0x7F.1",
  "017700000001",
  "0177.0.0.1",
  "0x7f.0x0.0x0.0x1",
  "127.0.0.1.",
  "127。0。0。1",
  "①②⑦.0.0.1",
  "%31%32%37.0.0.1",
  "0.0.0.0",
  "0",
  "0.1.2.3",
  "0x0",
  // Private, shared and link-local
  "10.0.0.1",
  "10.1",
  "167772161",
  "012.0.0.1",
  "172.16.0.1",
  "172.31.255.255",
  "192.168.0.1",
  "192.168.1",
  "3232235521",
  "0xc0a80001",
  "0300.0250.0.1",
  "100.64.0.1",
  "100.127.255.255",
  "169.254.169.254",
  "2852039166",
  "0xa9fea9fe",
  "169.254.43518",
  // Reserved, documentation, benchmark, multicast, broadcast
  "192.0.0.1",
  "192.0.2.1",
  "192.88.99.1",
  "198.18.0.1",
  "198.19.255.255",
  "198.51.100.1",
  "203.0.113.1",
  "224.0.0.1",
  "239.255.255.250",
  "240.0.0.1",
  "255.255.255.255",
  "4294967295",
  // IPv6
  "[::]",
  "[::1]",
  "[0:0:0:0:0:0:0:1]",
  "[0000::0001]",
  "[fc00::1]",
  "[fd12:3456::1]",
  "[fe80::1]",
  "[febf::1]",
  "[fec0::1]",
  "[ff02::1]",
  "[ff0e::1]",
  "[2001:db8::1]",
  "[3fff::1]",
  "[100::1]",
  "[2001::1]",
  "[2001:2::1]",
  "[2001:10::1]",
  "[2001:20::1]",
  "[5f00::1]",
  "[1::1]",
  "[4000::1]",
  "[e000::1]",
  // IPv4 within IPv6
  "[::ffff:127.0.0.1]",
  "[::ffff:7f00:1]",
  "[::ffff:10.0.0.1]",
  "[::ffff:a9fe:a9fe]",
  "[::ffff:0:127.0.0.1]",
  "[::127.0.0.1]",
  "[::7f00:1]",
  "[64:ff9b::7f00:1]",
  "[64:ff9b::10.0.0.1]",
  "[64:ff9b::8.8.8.8]",
  "[64:ff9b:1::1]",
  "[2002:7f00:1::]",
  "[2002:a00:1::1]",
  "[2002:c0a8:1::1]",
  "[2001:0:7f00:1::]",
  "[fe80::5efe:7f00:1]",
  "[2620:4f:8000::1]",
];

const innerNames = [
  "localhost",
  "LOCALHOST",
  "localhost.",
  "localhost..",
  "app.localhost",
  "a.b.localhost",
  "ⓛocalhost",
  "localhost.localdomain",
  "printer.local",
  "printer.local.",
  "db.internal",
  "metadata.google.internal",
  "x.intranet",
  "router.lan",
  "nas.home",
  "mail.corp",
  "a.private",
  "nas.home.arpa",
  "1.0.0.127.in-addr.arpa",
  "a.test",
  "a.invalid",
  "a.example",
  "abc.onion",
  "a.alt",
  "intranet",
  "kubernetes",
  "api.default.svc.cluster.local",
  "com",
  "com.",
];

const accepted = [
  "https://cloudflare.com/",
  "https://cloudflare.com:443/a?b#c",
  "https://cloudflare.com./",
  "https://www.example.org/",
  "https://8.8.8.8/",
  "https://1.1.1.1/",
  "https://172.15.255.255/",
  "https://172.32.0.1/",
  "https://100.63.255.255/",
  "https://100.128.0.1/",
  "https://134744072/",
  "https://[2606:4700:4700::1111]/",
  "https://[2a00:1450:4001:830::200e]/",
  "https://[::ffff:8.8.8.8]/",
  "https://[2400:cb00::1]/",
  "https://notlocalhost.com/",
  "https://localhost.com/",
  "https://internal.com/",
  "https://mylocal.org/",
  "https://bücher.de/",
  "https://xn--bcher-kva.de/",
  "https://10.com/",
  "https://a_b.example.com/",
];

describe("which URLs may be fetched", () => {
  it.each(refused)("[FETCH-1] %s is refused", (url, refusal) => {
    expect(refusalOf(new URL(url))).toBe(refusal);
  });

  it.each(innerAddresses)("[FETCH-2] %s is no public address", (host) => {
    const url = new URL(`https://${host}/`);
    expect(refusalOf(url)).toBe(`${url.hostname.replace(/\.+$/, "")} is not a public address.`);
  });

  it.each(innerNames)("[FETCH-3] %s is no public name", (host) => {
    const url = new URL(`https://${host}/`);
    expect(refusalOf(url)).toBe(`${url.hostname.replace(/\.+$/, "")} is not a public name.`);
  });

  it.each(accepted)("[FETCH-4] %s may be fetched", (url) => {
    expect(refusalOf(new URL(url))).toBeUndefined();
  });

  it("[FETCH-2] [FETCH-4] ipaddr.js says the same of any address", () => {
    const seed = Number(process.env.SEED ?? 20261125);
    const random = randomOf(seed);
    const below = (most: number) => Math.floor(random() * most);
    const hex = () => below(0x1_0000).toString(16);
    const heads = [
      "2001",
      "2001:db8",
      "2002",
      "2620:4f:8000",
      "3fff",
      "::ffff",
      "64:ff9b",
      "fe80",
      "fc00",
      "2400",
      "2001:0",
      "2001:1ff",
      "2001:200",
      "3fff:fff",
      "3fff:1000",
    ];
    const firsts = [0, 10, 100, 127, 169, 172, 192, 198, 203, 224, 240, 255];
    const octets = () => [
      random() < 0.7 ? firsts[below(firsts.length)] : below(256),
      below(256),
      below(256),
      below(256),
    ];
    const differing: string[] = [];
    for (let round = 0; round < 6_000; round++) {
      const group = random() < 0.6 ? (heads[below(heads.length)] ?? "") : hex();
      const spelling =
        random() < 0.5
          ? octets().join(".")
          : group === "::ffff"
            ? `[::ffff:${hex()}:${hex()}]`
            : `[${group}:${hex()}::${hex()}]`;
      const url = new URL(`https://${spelling}/`);
      const address = ipaddr.process(url.hostname.replace(/^\[|\]$/g, ""));
      const isGlobal = address.kind() === "ipv4" || address.match(ipaddr.IPv6.parse("2000::"), 3);
      const isPublic = address.range() === "unicast" && isGlobal;
      if ((refusalOf(url) === undefined) !== isPublic) differing.push(url.hostname);
    }
    expect([seed, differing]).toEqual([seed, []]);
  });
});
