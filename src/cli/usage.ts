/** What every command is: arguments in, words on the console, and a `Usage` for what the user must give otherwise. */

/** `given`: what stands after the command's name. */
export type Command = (given: string[]) => void | Promise<void>;

/** The command was not given what it needs; its message says what to type. */
export class Usage extends Error {}
