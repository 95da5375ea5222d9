/** Words each failure for people: what happened, naming the model and its host, and what to do about it. Shows nothing of what a host sent, and never advises a setting that is set already. Pure. */
import type { Failure, FailureCause, FailureCode } from "./errors.ts";

/** A setting, and whether it has a value. */
export interface KnownSetting {
  /** As the operator finds it, e.g. `MODEL` or `the id in the agent's models`. */
  name: string;
  isSet: boolean;
}

/** Where a model is called, and which settings lead there. */
export interface ModelPlace {
  model: string;
  /** Host name of the provider, e.g. `api.deepseek.com`; empty when it is not known. */
  host: string;
  modelSetting: KnownSetting;
  keySetting: KnownSetting;
  addressSetting: KnownSetting;
  windowSetting: KnownSetting;
  /** Ids of the models that the account may use; absent when it may use any. */
  allowedModels?: readonly string[];
}

/** The failure with its `detail` for people. The earlier text is kept in `raw`, unless a host's text is there. Without a place it stays as it is. */
export function worded(failure: Failure, place: ModelPlace | undefined): Failure {
  if (place === undefined) return failure;
  const { code, cause, raw = failure.detail } = failure;
  const { model, host } = place;
  const names = { place, model, host: host === "" ? "the model's host" : host, who: who(place) };
  const byCause = cause === undefined ? undefined : byCauses[cause](names, code);
  const [happened, todo] = byCause ?? byCode[code](names);
  return { ...failure, detail: `${capital(happened)} ${todo}`, ...(raw !== "" && { raw }) };
}

/** `deepseek-v3.2-exp at api.cometapi.com`. */
function who({ model, host }: ModelPlace): string {
  return host === "" ? model : `${model} at ${host}`;
}

interface Names {
  place: ModelPlace;
  model: string;
  host: string;
  who: string;
}

type Sentences = readonly [happened: string, todo: string];

const again = "Send the message again.";
const readWhy =
  "The host's own words are in the step_failed entry and in the Worker's log: change the request or the model.";

const byCode: Record<FailureCode, (names: Names) => Sentences> = {
  model_unreachable: ({ who, host }) => [
    `The connection to ${who} failed.`,
    `Send the message again, and if it fails once more, check that ${host} can be reached.`,
  ],
  model_auth: ({ model, host, place: { keySetting: key } }) =>
    key.isSet
      ? [
          `${host} did not accept the API key for ${model}.`,
          `Replace the value of ${key.name} by a valid key of ${host} that may use this model.`,
        ]
      : [`${host} wants an API key for ${model}, and none was sent.`, `Set ${key.name} to a key of ${host}.`],
  model_payment: ({ who, host }) => [
    `The account of the API key has no credit left for ${who}.`,
    `Add credit to that account at ${host}, or use the key of another account.`,
  ],
  model_refused: ({ who }) => [`${who} refused the request.`, readWhy],
  model_not_found: ({ model, host, place: { modelSetting } }) => [
    `${host} has no model named ${model}.`,
    `${modelSetting.isSet ? "Change" : "Set"} ${modelSetting.name} to the name of a model that ${host} serves to this key.`,
  ],
  model_rate_limited: ({ who, host }) => [
    `${who} takes no more requests at the moment.`,
    `Send the message again in a minute, or get a higher limit at ${host}.`,
  ],
  model_unavailable: ({ who }) => [
    `${who} has a problem of its own.`,
    "Send the message again in a few minutes, or use another model.",
  ],
  model_malformed: ({ who }) => [`${who} sent an answer that could not be read.`, again],
  model_truncated: ({ who }) => [`The answer of ${who} broke off before its end.`, again],
  model_stalled: ({ who }) => [`${who} sent nothing for too long.`, again],
  model_empty: ({ who }) => [`${who} ended without an answer.`, "Send the message again, or put it in other words."],
  model_reasoning_rule: ({ who }) => [
    `${who} refuses earlier reasoning in the form in which it was sent.`,
    "Correct reasoningReplay of this model in src/model/catalog.ts, or use another model.",
  ],
  model_no_call: ({ who }) => [
    `${who} ended its reply to call a tool, but sent no call.`,
    "Send the message again, or use another model.",
  ],
  model_looping: ({ who }) => [
    `${who} repeated the same tool call after it was instructed to stop.`,
    "Put the message in other words, or correct the tool.",
  ],
  context_overflow: ({ who, place: { windowSetting } }) => [
    `The conversation is longer than the window of ${who}.`,
    windowSetting.isSet
      ? "Shorten the message, or begin a new session."
      : `Shorten the message, begin a new session, or set ${windowSetting.name} to the size of that window.`,
  ],
  turn_timeout: ({ who }) => [
    `The turn with ${who} took longer than a turn may take.`,
    "Send a message to go on, or raise limits.turnSeconds of the agent.",
  ],
  prefix_missing: ({ who }) => [
    `The prefix of this session was deleted, so ${who} was not called.`,
    "Put the same text again, or make a session without it.",
  ],
  no_such_agent: ({ who }) => [
    `The agent of this session is not in this app any more, so ${who} was not called.`,
    "Begin a new session with another agent, or deploy the agent again.",
  ],
  output_invalid: ({ who }) => [
    `The answer of ${who} was not the JSON that was requested.`,
    "Send the message again, or make the JSON schema simpler.",
  ],
  content_filter: ({ model, host }) => [
    `The content filter of ${host} stopped the request or the answer of ${model}.`,
    "Put the message in other words.",
  ],
  budget_exhausted: ({ who }) => [
    `The account's budget does not allow another call of ${who}.`,
    "Raise its budget_micros through /v1/admin.",
  ],
  internal: ({ who }) => [
    `Longline failed while it worked on this turn with ${who}.`,
    "Send the message again, and look for the cause in the Worker's log.",
  ],
};

const outlined = "The conversation goes on with an outline of its older part: repeat what is missing in it.";

const byCauses: Record<FailureCause, (names: Names, code: FailureCode) => Sentences> = {
  address: ({ model, host, place: { addressSetting } }, code) => [
    code === "model_malformed"
      ? `A web page answered at ${host} instead of ${model}.`
      : `No model API answers at ${host}, where ${model} was called.`,
    `${addressSetting.isSet ? "Correct" : "Set"} ${addressSetting.name}: it is the URL in front of /chat/completions.`,
  ],
  answer: ({ model, host }) => [
    `The content filter of ${host} stopped the answer of ${model}.`,
    "Put the message in other words.",
  ],
  not_allowed: ({ who, place: { allowedModels } }) => [
    allowedModels === undefined
      ? `This account may not use ${who}.`
      : `This account may use ${allowedModels.join(", ")}, and not ${who}.`,
    "Name a model that it may use.",
  ],
  no_price: ({ who }) => [
    `The price of ${who} is not known, so no budget pays for it.`,
    "Add `prices` to its entry in the agent's models, or remove the budget through /v1/admin.",
  ],
  unclear: ({ who }) => [`${who} refused the request.`, readWhy],
  tokens_per_minute: ({ who, host, place: { windowSetting } }) => [
    `The conversation has more tokens than ${who} accepts in a minute.`,
    windowSetting.isSet
      ? `Get a higher limit at ${host}, or begin a new session.`
      : `Get a higher limit at ${host}, or set ${windowSetting.name} below the limit.`,
  ],
  interrupted: ({ who }) => [`The call of ${who} was interrupted too often before it brought anything.`, again],
  crash: ({ who }) => [
    `A restart of the Worker cut the answer of ${who} off.`,
    "Nothing needs to be done: the answer is requested again.",
  ],
  summary_calls: ({ who }) => [`${who} called tools instead of writing a summary.`, outlined],
  summary_length: ({ who }) => [`The summary by ${who} was cut by its length before it had any text.`, outlined],
  summary_reasoning: ({ who }) => [`${who} sent only reasoning instead of a summary.`, outlined],
  summary_empty: ({ who }) => [`${who} sent an empty summary.`, outlined],
};

function capital(sentence: string): string {
  // A model's name is written as it is: only words of ours get a capital letter.
  return sentence.startsWith("the ") ? `T${sentence.slice(1)}` : sentence;
}
