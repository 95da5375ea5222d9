/** The watchdog looks after 2 s in place of 10. */
export * from "../../../src/session/store/heartbeat.ts";
export const watchdogMs = 2_000;
