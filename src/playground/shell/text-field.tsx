/** A field of a form that is a call of the API: its label is the API's own name for it, and what the server found wrong with it is beside it. */

/** What the server refused: its words, and the field that it named. */
export interface FieldFault {
  field: string | undefined;
  words: string;
}

interface TextFieldProps {
  /** As in the request, such as `stages.0.share`. */
  name: string;
  value: string;
  set(value: string): void;
  fault: FieldFault | undefined;
  placeholder?: string;
  /** More than one: a text of several lines. */
  rows?: number;
  /** The values that it may have, and their words. */
  options?: readonly (readonly [string, string])[];
}

export function TextField({ name, value, set, fault, placeholder = "", rows = 1, options }: TextFieldProps) {
  const typed = (event: Event) => set((event.target as HTMLInputElement).value);
  const isWrong = isAbout(fault, name);
  const about = {
    "aria-label": name,
    "aria-invalid": isWrong ? "true" : "false",
    ...(isWrong && { "aria-describedby": `fault-${name}` }),
  };
  return (
    <div class="field">
      <code>{name}</code>
      {options !== undefined && (
        <select {...about} value={value} onChange={typed}>
          {options.map(([id, words]) => (
            <option key={id} value={id} selected={id === value}>
              {words}
            </option>
          ))}
        </select>
      )}
      {options === undefined && rows > 1 && (
        <textarea {...about} rows={rows} placeholder={placeholder} value={value} onInput={typed} />
      )}
      {options === undefined && rows === 1 && (
        <input {...about} placeholder={placeholder} value={value} onInput={typed} />
      )}
      <small class="fault" id={`fault-${name}`} role="alert">
        {isWrong ? fault?.words : ""}
      </small>
    </div>
  );
}

/** The words of a fault that is about no field of the form. */
export function otherFault(fault: FieldFault | undefined, names: readonly string[]): string {
  return fault === undefined || names.some((name) => isAbout(fault, name)) ? "" : fault.words;
}

/** Servers write a place in a list as `stages[0]` or `stages.0`; a fault within a field is about the field. */
function isAbout(fault: FieldFault | undefined, name: string): boolean {
  const field = fault?.field?.replace(/\[(\d+)\]/g, ".$1");
  return field === name || field?.startsWith(`${name}.`) === true;
}
