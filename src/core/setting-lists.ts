/** Reads settings that hold several values in one text. Its error texts follow the setting's name. Pure. */

type Complain = (message: string) => void;

/** Exact origins, separated by commas. */
export function originList(text: string, complain: Complain): string[] {
  const parts = text
    .split(",")
    .map((part) => part.trim())
    .filter((part) => part !== "");
  for (const part of parts) {
    if (URL.canParse(part) && new URL(part).origin === part) continue;
    complain(`holds "${part}", which is no origin: write https://example.com, without path or *`);
  }
  return parts;
}

/** Host names, without port; `*.` means any one below it. Separated by commas. */
export function hostList(text: string, complain: Complain): string[] {
  const parts = text
    .split(",")
    .map((part) => part.trim().toLowerCase())
    .filter((part) => part !== "");
  for (const part of parts) {
    const isName = /^(\*\.)?[a-z0-9-]+(\.[a-z0-9-]+)*$/.test(part);
    if (!isName)
      complain(`holds "${part}", which is no host name: write dev.example.com or *.example.com, without port`);
  }
  return parts;
}

/** Whether a host name, as a URL has it, is one of these. */
export function isListedHost(hostname: string, hosts: readonly string[]): boolean {
  const name = hostname.toLowerCase();
  return hosts.some((host) => (host.startsWith("*.") ? name.endsWith(host.slice(1)) : name === host));
}

/** Whether a host name, as a URL has it, is this machine's own. */
export function isLoopbackHost(hostname: string): boolean {
  return /^(localhost|.+\.localhost|\[::1\]|127(\.\d{1,3}){3})$/i.test(hostname);
}

/** `name=secret` pairs; the same name twice has two secrets. A secret is never quoted. */
export function namedTexts(text: string, complain: Complain): Map<string, string[]> {
  const secrets = new Map<string, string[]>();
  for (const { name, value } of pairsOf(text)) {
    if (name === "" || value.length < 8) complain("must hold pairs such as github=a-long-secret, separated by commas");
    else {
      const known = secrets.get(name) ?? [];
      known.push(value);
      secrets.set(name, known);
    }
  }
  return secrets;
}

/** `name=url` pairs, each name once. */
export function namedUrls(text: string, complain: Complain): Map<string, string> {
  const urls = new Map<string, string>();
  for (const { name, value } of pairsOf(text)) {
    if (name === "" || !/^https?:/.test(value) || !URL.canParse(value))
      complain("must hold pairs such as docs=https://docs.example.com/mcp, separated by spaces or commas");
    else if (urls.has(name)) complain(`names "${name}" twice`);
    else urls.set(name, value);
  }
  return urls;
}

/** Pairs are separated by commas, spaces or lines; what is no pair has no name. */
function pairsOf(text: string): { name: string; value: string }[] {
  return text
    .split(/[\s,]+/)
    .filter((each) => each !== "")
    .map((pair) => {
      const [, name = "", value = ""] = /^([A-Za-z0-9_-]{1,40})=(.+)$/.exec(pair) ?? [];
      return { name, value };
    });
}
