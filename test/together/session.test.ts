import { together } from "./together.ts";

together(import.meta.glob(["../session/*.test.ts", "../session/{deliver,read,store}/*.test.ts"]));
together(import.meta.glob(["../tools/*.test.ts", "../account/*.test.ts"]));
