/** openapi-typescript: types out of `/openapi.json`, and a typed call of each kind checked by the compiler. */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { type Client, expect, na, type Place } from "../aspects.ts";
import { mustRun } from "../command.ts";
import { typeCheck } from "../generated-code.ts";

const onlyTypes = na("it makes types only");

async function generated(place: Place): Promise<string> {
  const folder = join(place.folder, "made");
  await mkdir(folder, { recursive: true });
  const made = await mustRun("openapi-typescript", [`${place.url}/openapi.json`, "-o", "api.ts"], { cwd: folder });
  expect("warnings", `${made.stdout}${made.stderr}`.match(/warn\w*.*/gi) ?? [], []);
  return folder;
}

export const client: Client = {
  packages: ["openapi-typescript"],
  limitMs: 45_000,
  checks: {
    async plain(place) {
      await typeCheck(
        await generated(place),
        `import type { paths, operations } from "./api.ts";
type Post = paths["/v1/sessions/{id}/messages"]["post"];
type Asked = NonNullable<Post["requestBody"]>["content"]["application/json"];
export const asked: Asked = { content: "Hi" };
type Answer = Post["responses"]["200"]["content"]["application/json"];
export const textOf = (answer: Answer): unknown => answer.message;
// @ts-expect-error a number is no content
export const wrong: Asked = { content: 7 };
export type Names = keyof operations;`,
      );
    },
    async stream(place) {
      await typeCheck(
        await generated(place),
        `import type { paths } from "./api.ts";
type Event = paths["/v1/sessions/{id}/events"]["get"]["responses"]["200"]["content"]["text/event-stream"];
export const textOf = (event: Exclude<Event, string>): string => (event.type === "text.delta" ? event.text : "");
export const isUnion: string extends Event ? never : true = true;`,
      );
    },
    tools: onlyTypes,
    structured: onlyTypes,
    abort: onlyTypes,
    errors: onlyTypes,
    usage: onlyTypes,
    resume: onlyTypes,
  },
};
