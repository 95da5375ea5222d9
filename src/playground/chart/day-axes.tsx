/** The axes that all charts over days share: lines with their values, and the days below. Widths are parts of the picture, so that texts keep their size on a phone. */
import { ticks } from "./scale.ts";

const plotHeight = 130;
const topSpace = 16;
export const chartHeight = topSpace + plotHeight + 20;

/** The values that the axis shows, and where a value is. */
interface Scale {
  marks: readonly number[];
  y(value: number): number;
}

export function scaleTo(most: number): Scale {
  const marks = ticks(most, 3);
  const top = marks.at(-1) ?? 1;
  return { marks, y: (value) => topSpace + plotHeight * (1 - value / top) };
}

interface DayAxesProps {
  scale: Scale;
  days: readonly string[];
  format(value: number): string;
}

export function DayAxes({ scale, days, format }: DayAxesProps) {
  const { marks, y } = scale;
  return (
    <g>
      {marks.map((value) => (
        <g key={String(value)}>
          <line class="axis" x1="0" x2="100%" y1={y(value)} y2={y(value)} />
          <text x="2" y={y(value) - 3}>
            {value === 0 ? "" : format(value)}
          </text>
        </g>
      ))}
      {labelled(days).map(({ day, at, anchor }) => (
        <text key={day} x={at} y={chartHeight - 5} text-anchor={anchor}>
          {day}
        </text>
      ))}
    </g>
  );
}

/** The first, the middle and the last day. */
function labelled(days: readonly string[]): { day: string; at: string; anchor: "start" | "middle" | "end" }[] {
  const [first, middle, last] = [days[0], days[Math.floor((days.length - 1) / 2)], days.at(-1)];
  if (first === undefined || middle === undefined || last === undefined) return [];
  const ends = [{ day: first, at: "0%", anchor: "start" as const }];
  if (days.length === 1) return ends;
  const place = (Math.floor((days.length - 1) / 2) + 0.5) / days.length;
  return [
    ...ends,
    ...(days.length > 4 ? [{ day: middle.slice(5), at: `${100 * place}%`, anchor: "middle" as const }] : []),
    { day: last, at: "100%", anchor: "end" as const },
  ];
}
