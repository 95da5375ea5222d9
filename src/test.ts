/** The public face of the test kit, `longline/test`: everything a test of an agent may import. It needs no Worker and no network. */
export {
  type AgentCall,
  type AgentRun,
  type Approve,
  type FinishedCall,
  type RunAgentOptions,
  runAgent,
} from "./test-kit/run-agent.ts";
export type { Scorer, ScorerInput, ScorerResult } from "./test-kit/scorer.ts";
export {
  type ScriptedCall,
  type ScriptedModel,
  type ScriptedRequest,
  type ScriptedStep,
  scripted,
} from "./test-kit/scripted.ts";
