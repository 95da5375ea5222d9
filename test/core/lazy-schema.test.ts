import { expect, it } from "vitest";
import * as z from "zod/mini";
import { lazySchema } from "../../src/core/lazy-schema.ts";

it("[SPEED-9] a schema is made when it is first used, once, and what is registered about it holds for the placeholder", () => {
  let made = 0;
  const point = lazySchema(() => {
    made++;
    return z.object({ x: z.int() }).register(z.globalRegistry, { id: "Point", description: "A place." });
  }, z.globalRegistry);
  const line = lazySchema(() => z.object({ from: point, to: point }));
  expect(made).toBe(0);
  expect(line.safeParse({ from: { x: 1 }, to: { x: "2" } }).error?.issues[0]?.path).toEqual(["to", "x"]);
  expect(z.globalRegistry.get(point)).toEqual({ id: "Point", description: "A place." });
  const { properties, $defs } = z.toJSONSchema(line);
  expect(properties).toEqual({ from: { $ref: "#/$defs/Point" }, to: { $ref: "#/$defs/Point" } });
  expect($defs?.Point).toMatchObject({ description: "A place." });
  expect(made).toBe(1);
});
