import { together } from "./together.ts";

together(import.meta.glob("../session/turn/*.test.ts"));
