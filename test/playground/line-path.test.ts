import { describe, expect, it } from "vitest";
import { linePath } from "../../src/playground/chart/line-path.ts";

describe("a line over days", () => {
  it("[PAGE-20] has a gap where nothing is known, and begins anew after it", () => {
    const y = (value: number) => 100 - value;
    expect(linePath([1, 2, null, 4], y)).toBe("M12.5 99L37.5 98M87.5 96");
    expect([linePath([], y), linePath([null, null], y), linePath([0], y)]).toEqual(["", "", "M50 100"]);
  });
});
