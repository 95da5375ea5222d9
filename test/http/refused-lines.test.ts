import { expect, it } from "vitest";
import { AppError } from "../../src/core/errors.ts";
import { RefusedLines } from "../../src/http/refused-lines.ts";

it("[SEE-6] each class of refused requests has one line a minute, with how many there were", () => {
  const lines = new RefusedLines();
  const at = (ms: number, status = 401, error: unknown = new AppError("unauthorized", "canary")) =>
    lines.lineOf(status, error, ms);
  expect(JSON.stringify(at(0))).toBe('{"level":"warn","event":"refused","status":401,"code":"unauthorized","count":1}');
  for (let ms = 1; ms < 60_000; ms += 100) expect(at(ms)).toBeUndefined();
  expect(at(5, 404, new AppError("not_found", "canary"))).toMatchObject({ code: "not_found", count: 1 });
  expect(at(60_000)).toMatchObject({ code: "unauthorized", count: 601 });
  expect(at(60_001, 500, new Error("canary"))).toMatchObject({ level: "error", code: "internal" });
  expect(at(60_002, 400, null)).toMatchObject({ code: "refused" });
  for (const status of [200, 202, 204, 304]) expect(at(1_000_000, status)).toBeUndefined();
});
