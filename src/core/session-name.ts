/** The rule for names of sessions, which callers choose and which appear in paths, headers and ids. Pure. */

/** 1 to 64 letters, digits, `_` or `-`: as the source of a regular expression, for ids that hold a name. */
export const sessionNameSource = "[A-Za-z0-9_-]{1,64}";

/** Matches a name and nothing else. */
export const sessionNamePattern = new RegExp(`^${sessionNameSource}$`);
