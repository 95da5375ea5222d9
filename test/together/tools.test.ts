import { together } from "./together.ts";

together(import.meta.glob(["../tools/*.test.ts", "../account/*.test.ts"]));
