/** The form of every command: arguments in, text on the console, and a `UsageError` where the user must give other arguments. */

/** `given`: the arguments after the command's name. */
export type CliCommand = (given: string[]) => void | Promise<void>;

/** The command was not given what it needs; its message explains what to type. */
export class UsageError extends Error {}
