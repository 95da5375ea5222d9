/** The recordings of cases, one file each beside the cases: what the model and the tools' requests answered. Asks nothing itself. */
import { join } from "node:path";
import { type Recording, type RecordingMode, recorded } from "../../../test-kit/recorded.ts";

export class CaseRecordings {
  readonly mode: RecordingMode;
  readonly #folder: string;
  readonly #secrets: Readonly<Record<string, string>>;
  readonly #open = new Map<string, Recording>();

  /** `folder`: of the cases. */
  constructor(folder: string, mode: RecordingMode, secrets: Readonly<Record<string, string>>) {
    this.#folder = folder;
    this.mode = mode;
    this.#secrets = secrets;
  }

  /** The same one for all arms and trials of a case. */
  of(id: string): Recording {
    const open = this.#open.get(id) ?? recorded(this.path(id), { mode: this.mode, secrets: this.#secrets });
    this.#open.set(id, open);
    return open;
  }

  path(id: string): string {
    return join(this.#folder, "recordings", `${id.replace(/[^\w.-]+/g, "-")}.jsonl`);
  }

  /** Anew, for runs that ask the same again and again: an answer is given as often as it is wanted, and nothing is asked. */
  forKills(id: string): Recording {
    const refuse: typeof fetch = async () => {
      throw new TypeError("This is not recorded.");
    };
    return recorded(this.path(id), { mode: "replay", secrets: this.#secrets, fetch: refuse });
  }
}
