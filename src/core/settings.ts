/** Defines settings (a name, how the text is read, whether it is a secret) and reads them. Each part of an app declares its own; all are read once, together. Pure: it never throws for a wrong value, but lists it. */

/** Reads one value. Schemas of zod have this shape. */
export interface SettingSchema<T = unknown> {
  safeParse(
    value: unknown,
  ): { success: true; data: T } | { success: false; error: { issues: readonly { message: string }[] } };
}

/** One setting of a channel, a door or a tool, as its owner declares it under the name of the binding. */
export interface SettingDeclaration<T = unknown> {
  /** Reads the text. It is not called for a setting that is absent, empty, or still an example. Its messages follow the name: "must be …". */
  schema: SettingSchema<T>;
  /** Its value is never shown, in no error either. */
  secret?: boolean;
}

export type SettingDeclarations = Readonly<Record<string, SettingDeclaration>>;

/** What was read, by name; `undefined` where it is not set. */
export type SettingValues<D extends SettingDeclarations> = {
  readonly [N in keyof D]: (D[N] extends SettingDeclaration<infer T> ? T : never) | undefined;
};

/** What `declared` finds in `given`, and a line for each value that is wrong. */
export function readSettings<D extends SettingDeclarations>(
  declared: D,
  given: Readonly<Record<string, unknown>>,
): { values: SettingValues<D>; faults: string[] } {
  const values: Record<string, unknown> = {};
  const faults: string[] = [];
  for (const [name, { schema, secret = false }] of Object.entries(declared)) {
    const value = given[name];
    if (value === undefined || value === "" || isExample(value)) continue;
    const read = schema.safeParse(value);
    if (read.success) values[name] = read.data;
    else faults.push(...read.error.issues.map(({ message }) => fault(name, message, secret ? undefined : value)));
  }
  return { values: values as SettingValues<D>, faults };
}

/** Of all that was read, what this part declared: it cannot see the secrets of other parts. */
export function valuesOf(
  { settings }: { settings: SettingDeclarations },
  all: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.keys(settings).map((name) => [name, all[name]]));
}

/** Throws the Error that names every wrong setting. */
export function mustHaveNoFaults(faults: readonly string[]): void {
  if (faults.length === 0) return;
  throw new Error(
    `Longline cannot start, because of its settings (wrangler.toml, secrets, .dev.vars or --var):\n${faults.join("\n")}`,
  );
}

/** A warning for each setting that still has an example's value, and therefore counts as not set. */
export function exampleWarnings(
  declared: readonly SettingDeclarations[],
  given: Readonly<Record<string, unknown>>,
): string[] {
  const names = new Set(declared.flatMap((each) => Object.keys(each)));
  return [...names]
    .filter((name) => isExample(given[name]))
    .map((name) => `The setting ${name} still has its example value, so it counts as not set. Put your own in.`);
}

/** `sk-...`, `your-key`, `<key>`, `changeme`, `xxxx`: what documentation shows where a key belongs. */
export function isExample(value: unknown): boolean {
  const example =
    /^(?:(?:sk-|whsec_|xoxb-)?(?:\.{3}|\u2026|x{3,})|your[-_ ].*|change[-_]?me|choose-a-long-one|<[^<>]*>)$/i;
  return typeof value === "string" && value.length <= 100 && example.test(value);
}

function fault(name: string, message: string, value: unknown): string {
  if (value === undefined) return `- ${name} ${message}.`;
  // People put keys into URLs, too.
  const shown = String(value)
    .replace(/\/\/.*@/, "//***@")
    .replace(/[?#].*/, "?***");
  return `- ${name} ${message}. It was ${JSON.stringify(shown)}.`;
}

/** A text that `read` makes a value of; what it complains of makes the setting wrong. */
export function text<T>(read: (text: string, complain: (message: string) => void) => T): SettingSchema<T> {
  return {
    safeParse(value) {
      if (typeof value !== "string") return { success: false, error: { issues: [{ message: "must be a text" }] } };
      const issues: { message: string }[] = [];
      const data = read(value, (message) => void issues.push({ message }));
      return issues.length === 0 ? { success: true, data } : { success: false, error: { issues } };
    },
  };
}

/** A text as it is, when it matches. */
export function matching(pattern: RegExp, complaint: string): SettingSchema<string> {
  return text((given, complain) => {
    if (!pattern.test(given)) complain(complaint);
    return given;
  });
}

/** A key travels in an HTTP header: what cannot be sent there would be a key that opens nothing. */
export function headerKey(leastLength = 1): SettingSchema<string> {
  return text((given, complain) => {
    if (!/^[\x21-\x7e]+$/.test(given)) complain("must not contain spaces, line breaks or letters outside ASCII");
    if (given.length < leastLength) complain(`is too short: use at least ${leastLength} characters`);
    return given;
  });
}

/** The address of an API that paths are added to, without a `/` at its end. `hint`: where its key belongs. */
export function apiUrl(example: string, hint = ""): SettingSchema<string> {
  return text((given, complain) => {
    const url = given.trim();
    if (!URL.canParse(url)) complain(`must be a URL such as ${example}`);
    else {
      if (!/^https?:/i.test(url)) complain(`must be a URL such as ${example}`);
      if (!isBare(url)) complain(`must hold no user name, password, ? or #: paths are added to it${hint}`);
    }
    return url.replace(/\/+$/, "");
  });
}

function isBare(url: string): boolean {
  const { username, password } = new URL(url);
  return username === "" && password === "" && !/[?#]/.test(url);
}

/** A whole number. */
export function wholeNumber(least: number, most: number): SettingSchema<number> {
  return text((given, complain) => {
    const value = /^\d+$/.test(given) ? Number(given) : Number.NaN;
    if (!(value >= least && value <= most)) complain(`must be a whole number from ${least} to ${most}`);
    return value;
  });
}
