/** A Worker whose rollouts tell a Slack channel of their decisions, for end-to-end tests. */
import { defineAgent, longline, rollouts, slack, slackRoom } from "longline";

const prices = { hit: 28_000, miss: 280_000, output: 420_000 };
const support = defineAgent({ instructions: "You help buyers.", models: [{ id: "helper-1", prices }] });

const app = longline({
  agents: { support },
  channels: [slack()],
  rollouts: rollouts({ notify: [slackRoom("T1", "C1")] }),
});

export const { Session, Account } = app;
export default app;
