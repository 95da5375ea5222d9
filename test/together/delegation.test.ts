import { together } from "./together.ts";

together(import.meta.glob("../delegation/*.test.ts"));
