/** The error for a name whose session was erased: no request creates that session again implicitly. */
import { AppError } from "./errors.ts";

export function erased(name: string): AppError {
  const detail = `The session "${name}" was erased. Make it anew by POST /v1/sessions, or use another id.`;
  return new AppError("not_found", detail);
}
