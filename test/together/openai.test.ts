import { together } from "./together.ts";

together(import.meta.glob(["../doors/openai/**/*.test.ts", "!**/pure/**"]));
