import { together } from "./together.ts";

together(import.meta.glob(["../doors/native/*.test.ts", "../doors/copies/*.test.ts"]));
together(import.meta.glob("../delegation/*.test.ts"));
