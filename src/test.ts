/** The public face of the test kit, `longline/test`: everything a test of an agent may import. It needs no Worker and no network. */
export { type KillReport, killEvery, type ToolFault, type ToolFaultKind } from "./test-kit/kill-every.ts";
export { type RecordedOptions, type Recording, type RecordingMode, recorded } from "./test-kit/recorded.ts";
export type { RecordedKind } from "./test-kit/recording.ts";
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
