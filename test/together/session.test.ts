import { together } from "./together.ts";

together(import.meta.glob(["../session/*.test.ts", "../session/{deliver,read,store}/*.test.ts"]));
