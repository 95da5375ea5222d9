/** What `npm run soak -- --rollouts N --objects` asks one run of test/doors/rollouts/simulated.test.ts for, as JSON in `SIMULATED_ROLLOUTS`. */
export interface SimulatedRollouts {
  kind: "alike" | "fails" | "costs" | "better";
  seed: number;
  /** The number of the first rollout: each has random numbers of its own. */
  from: number;
  runs: number;
  /** What the rollout assigns as one, and how many of them come at most. */
  key: "session" | "speaker";
  keys: number;
}

/** Begins the line that says how many were rolled back; JSON `{ kind, back }` follows. */
export const simulatedLine = "simulated rollouts: ";
