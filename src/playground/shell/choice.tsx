/** A small choice among a few. */
interface ChoiceProps {
  label: string;
  value: string;
  options: readonly [string, string][];
  choose(value: string): void;
}

export function Choice({ label, value, options, choose }: ChoiceProps) {
  return (
    <select
      aria-label={label}
      value={value}
      onInput={(event: Event) => choose((event.target as HTMLSelectElement).value)}
    >
      {options.map(([id, words]) => (
        <option key={id} value={id}>
          {words}
        </option>
      ))}
    </select>
  );
}
