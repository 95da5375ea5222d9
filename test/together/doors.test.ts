import { together } from "./together.ts";

together(import.meta.glob(["../doors/*.test.ts", "../doors/{admin,ai-sdk,channels,mcp,openapi,rollouts}/*.test.ts"]));
