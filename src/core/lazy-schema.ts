/** Schemas that are made at their first use: what a Worker's start does not need, it does not make. */

/**
 * Stands for the schema that `make` returns, and makes it once, when something of it is read for the first time.
 * Not for a schema with metadata: zod keeps those by identity, and this is another object than the one they were given to.
 *
 * @example
 * export const sentMessage = lazySchema(() => z.strictObject({ content: z.string() }));
 */
export function lazySchema<T extends object>(make: () => T): T {
  let made: T | undefined;
  const schema = () => {
    made ??= make();
    return made;
  };
  return new Proxy({} as T, {
    get: (_, name) => Reflect.get(schema(), name),
    has: (_, name) => Reflect.has(schema(), name),
    getPrototypeOf: () => Reflect.getPrototypeOf(schema()),
  });
}
