/** A line through values over equal parts, as the path of a picture that is 100 wide. Pure. */

/** The line through neighbours that are known; it begins anew after a gap. */
export function linePath(values: readonly (number | null)[], y: (value: number) => number): string {
  let isDown = false;
  return values
    .map((value, place) => {
      const sign = isDown ? "L" : "M";
      isDown = value !== null;
      return value === null ? "" : `${sign}${middleOf(place, values.length)} ${Number(y(value).toFixed(2))}`;
    })
    .join("");
}

/** The middle of a part, from 0 to 100. */
export function middleOf(place: number, count: number): number {
  return Number(((100 * (place + 0.5)) / count).toFixed(3));
}
