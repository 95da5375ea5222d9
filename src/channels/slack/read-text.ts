/** Turns Slack's markup of a person's message into plain text for the model: names for ids, our own mention away, entities undone. Pure. */

/** Ids of the people that a text names and gives no name for. */
export function namedUsers(text: string): string[] {
  return [...new Set([...text.matchAll(/<@([UW][A-Z0-9]+)>/g)].map(([, id]) => id ?? ""))];
}

/** Ids of the channels that a text names and gives no name for. */
export function namedChannels(text: string): string[] {
  return [...new Set([...text.matchAll(/<#([CG][A-Z0-9]+)(?:\|)?>/g)].map(([, id]) => id ?? ""))];
}

/** Slack writes `<` inside its own markup as `&lt;`; so a beginning without an end is read only up to the next. `own`: the bot's user, whose mention is only an address. `names`: of people and channels. */
export function readText(text: string, own: string | undefined, names: ReadonlyMap<string, string>): string {
  return text
    .replace(/<@([UW][A-Z0-9]+)(?:\|([^<>]*))?>([ \t]*)/g, (_, id: string, label: string | undefined, space: string) =>
      id === own ? "" : `@${label || names.get(id) || id}${space}`,
    )
    .replace(
      /<#([CG][A-Z0-9]+)(?:\|([^<>]*))?>/g,
      (_, id: string, label?: string) => `#${label || names.get(id) || id}`,
    )
    .replace(/<!date\^[^<>|]*(?:\|([^<>]*))?>/g, (_, fallback?: string) => fallback ?? "")
    .replace(/<!subteam\^([A-Z0-9]+)(?:\|@?([^<>]*))?>/g, (_, id: string, label?: string) => `@${label || id}`)
    .replace(/<!(channel|here|everyone)(?:\|[^<>]*)?>/g, "@$1")
    .replace(/<((?:https?|mailto|tel):[^<|>]+)(?:\|([^<>]*))?>/g, (_, url: string, label?: string) =>
      label && label !== url ? `${label} (${url})` : url,
    )
    .replace(/&(lt|gt|amp);/g, (_, name: "lt" | "gt" | "amp") => ({ lt: "<", gt: ">", amp: "&" })[name])
    .trim();
}
