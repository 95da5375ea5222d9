/** Reads what a module declares, imports and exports, from a declaration file of the compiler's, or from a source file as the formatter leaves it: each statement begins at the left edge. Pure. */

/** `from` is absent for what the module declares itself. */
export interface Named {
  name: string;
  as: string;
  from?: string;
}

export interface Module {
  /** By name; overloads are several. */
  declared: Map<string, string[]>;
  exports: Named[];
  /** By the name that they have here. */
  imports: Map<string, Named>;
}

export function declarationsOf(module: Module, name: string): string[] {
  return module.declared.get(name) ?? [];
}

const declaring =
  /^(?:export\s+)?(?:default\s+)?(?:declare\s+)?(?:abstract\s+)?(?:async\s+)?(?:interface|type|class|const|let|function\*?|enum)\s+([A-Za-z_$][\w$]*)/;

export function moduleOf(text: string): Module {
  const module: Module = { declared: new Map(), exports: [], imports: new Map() };
  for (const statement of statementsOf(text)) {
    const listed = /^(import|export)\s+(?:type\s+)?\{([^}]*)\}(?:\s*from\s*"([^"]+)")?/.exec(statement);
    if (listed !== null) {
      const [, kind, names = "", from] = listed;
      for (const each of namesIn(names, from)) {
        if (kind === "export") module.exports.push(each);
        else module.imports.set(each.as, each);
      }
      continue;
    }
    const [, name] = declaring.exec(statement) ?? [];
    if (name === undefined) continue;
    module.declared.set(name, [...(module.declared.get(name) ?? []), headerOf(statement)]);
    if (statement.startsWith("export")) module.exports.push({ name, as: name });
  }
  return module;
}

function namesIn(list: string, from: string | undefined): Named[] {
  return list
    .split(",")
    .map((each) => each.trim().replace(/^type\s+/, ""))
    .filter((each) => each !== "")
    .map((each) => {
      const [name = "", as = name] = each.split(/\s+as\s+/);
      return { name, as, ...(from !== undefined && { from }) };
    });
}

/** A line that begins with a bracket, a star or a bar goes on with the statement before. */
function statementsOf(text: string): string[] {
  const statements: string[] = [];
  for (const line of withoutComments(text).split("\n")) {
    if (line.trim() === "") continue;
    if (/^[A-Za-z@]/.test(line)) statements.push(line);
    else statements.push(`${statements.pop() ?? ""}\n${line}`);
  }
  return statements;
}

function withoutComments(text: string): string {
  return text.replace(/^\s*\/\*\*?[\s\S]*?\*\/\s*?$/gm, "").replace(/^\s*\/\/.*$/gm, "");
}

/** A function of a source file without its body, and a constant without its value. */
function headerOf(statement: string): string {
  if (/^(?:export\s+)?(?:async\s+)?function/.test(statement)) {
    return statement.replace(/ \{\n[\s\S]*$/, ";").replace(/\{[^{}]*\}(?=: )/g, "options");
  }
  if (/^(?:export\s+)?const /.test(statement)) return statement.replace(/ = [\s\S]*$/, ";");
  return statement;
}
