/** Makes schemas at their first use, so that the start of a Worker makes only those that it needs. */

/**
 * A placeholder for the schema that `make` returns. It calls `make` once, when a property of the schema is first read.
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
