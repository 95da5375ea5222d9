/** Where the bundle of a run of end-to-end tests is: `bundle-once.ts` writes it, `wrangler-dev.ts` serves it. */

/** The environment variable that names the folder of the bundle. */
export const bundleVariable = "LONGLINE_TEST_BUNDLE";
/** Its files: the Worker's one module, its options, the folder of the page's files, and the one that is written last: empty, or why there is no bundle. */
export const bundleFiles = { script: "worker.js", options: "options.json", assets: "assets", done: "done" } as const;
