/** The system message of a session's requests: what many share first, what is its own last, so that the provider's cache holds as much as it can. Pure. */
export function instructionsOf(agent: string, prefix: string | undefined, own: string | null): string {
  return [agent, prefix ?? "", own ?? ""].filter((part) => part !== "").join("\n\n");
}
