/** Leaves out what is undefined, so that an object has a member only where there is a value. Pure. */

/** The members that may be undefined are optional, and are never there as `undefined`. */
export type Defined<T> = { [K in keyof T as undefined extends T[K] ? never : K]: T[K] } & {
  [K in keyof T as undefined extends T[K] ? K : never]?: Exclude<T[K], undefined>;
};

/**
 * The members of `fields` that are not undefined, in their order.
 *
 * @example ({ id, ...defined({ title, agent }) })
 */
export function defined<T extends object>(fields: T): Defined<T> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Defined<T>;
}
