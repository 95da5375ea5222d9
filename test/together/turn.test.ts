import { together } from "./together.ts";

together(import.meta.glob("../session/turn/*.test.ts"));
together(import.meta.glob(["../doors/openai/**/*.test.ts", "!**/pure/**"]));
