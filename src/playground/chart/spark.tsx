/** Bars without axes, for one look: how often something happened in equal parts of a time. */

interface SparkProps {
  counts: readonly number[];
  /** What it shows, in words and figures. */
  label: string;
  from: string;
  to: string;
}

const height = 40;

export function Spark({ counts, label, from, to }: SparkProps) {
  const most = Math.max(1, ...counts);
  const width = 100 / Math.max(1, counts.length);
  return (
    <figure class="chart spark">
      <svg role="img" aria-label={label} width="100%" height={height + 2}>
        <line class="axis" x1="0" x2="100%" y1={height + 1} y2={height + 1} />
        {counts.map((count, place) => {
          const high = count === 0 ? 0 : Math.max(2, (count / most) * height);
          return (
            <rect
              key={String(place)}
              class="failed"
              x={`${place * width + width * 0.1}%`}
              y={height - high}
              width={`${width * 0.8}%`}
              height={high}
            />
          );
        })}
      </svg>
      <figcaption>
        <span>{from}</span>
        <span>{label}</span>
        <span>{to}</span>
      </figcaption>
    </figure>
  );
}
