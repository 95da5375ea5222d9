/** Makes schemas at their first use, so that the start of a Worker makes only those that it needs. */

/** Where zod keeps what is registered about schemas. */
interface Registry {
  get(schema: never): unknown;
  add(schema: never, about: never): unknown;
}

/**
 * A placeholder for the schema that `make` returns. It calls `make` once, when a property of the schema is first read.
 * `registry`: for a schema with metadata. zod finds those by the schema's identity, so they are registered for the placeholder, too.
 * `@__PURE__` before a call leaves it out of bundles that do not use it: esbuild does not look into another module for that.
 *
 * @example
 * export const sentMessage = lazySchema(() => z.strictObject({ content: z.string() }));
 */
export function lazySchema<T extends object>(make: () => T, registry?: Registry): T {
  let made: T | undefined;
  const schema = () => {
    if (made !== undefined) return made;
    made = make();
    registry?.add(placeholder as never, registry.get(made as never) as never);
    return made;
  };
  const placeholder: T = new Proxy({} as T, {
    get: (_, name) => Reflect.get(schema(), name),
    has: (_, name) => Reflect.has(schema(), name),
    getPrototypeOf: () => Reflect.getPrototypeOf(schema()),
  });
  return placeholder;
}
