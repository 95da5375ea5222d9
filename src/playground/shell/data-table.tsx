/** A table of figures: its first rows until it is unfolded; what is wider than the page scrolls, with a shaded edge, or is stacked on a phone. */
import type { Child } from "hono/jsx";
import { useState } from "hono/jsx/dom";

export interface Column<Row> {
  name: string;
  cell(row: Row): Child;
  /** Figures are set to the right. */
  isNumber?: true;
}

interface DataTableProps<Row> {
  /** What it is, for those who do not see it. */
  label: string;
  /** The first one names the row. */
  columns: readonly Column<Row>[];
  rows: readonly Row[];
  keyOf(row: Row): string;
}

const mostRows = 12;

export function DataTable<Row>({ label, columns, rows, keyOf }: DataTableProps<Row>) {
  const [isWhole, unfold] = useState(false);
  const shown = isWhole ? rows : rows.slice(0, mostRows);
  const [head, ...others] = columns;
  return (
    <div class="data stacks">
      <section class={isWhole ? "scroll unfolded" : "scroll"} tabindex={0} aria-label={label}>
        <table>
          <thead>
            <tr>
              {columns.map(({ name, isNumber }) => (
                <th scope="col" key={name} class={isNumber ? "number" : ""}>
                  {name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {shown.map((row) => (
              <tr key={keyOf(row)}>
                <th scope="row">{head?.cell(row)}</th>
                {others.map(({ name, cell, isNumber }) => (
                  <td key={name} data-name={name} class={isNumber ? "number" : ""}>
                    {cell(row)}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </section>
      <p class="actions">
        {rows.length > mostRows && (
          <button
            type="button"
            class="quiet"
            aria-expanded={isWhole ? "true" : "false"}
            onClick={() => unfold(!isWhole)}
          >
            {isWhole ? "Show fewer" : `Show all ${rows.length} rows`}
          </button>
        )}
      </p>
    </div>
  );
}
