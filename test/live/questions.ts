/** The bodies of the probe's questions: small, and all with the same 300 tokens of instructions, so that the later ones show whether the provider caches. Pure data. */

const rules = [
  "You are being asked a few small questions, to see how this service answers.",
  "Answer in as few words as you can, and think no longer than you have to.",
  "When the question asks for one word, say that word and nothing else.",
  "When there is a tool for what is asked, call it and do not answer from memory.",
  "When several tools are needed, call all of them at once and in the same message.",
  "Never ask back, never explain yourself, and never repeat the question.",
  "Write plain text without headings, lists, tables, quotation marks or code blocks.",
  "When an answer in JSON is asked for, write the JSON object and nothing before or after it.",
];
/** About 300 tokens: more than one block of every known prefix cache. */
const instructions = [...rules, "Once more, because it matters:", ...rules].join("\n");

const conversation = (content: string, ...rest: object[]) => ({
  messages: [{ role: "system", content: instructions }, { role: "user", content }, ...rest],
});

const shape = (name: string) => ({
  type: "object",
  properties: { [name]: { type: "string" } },
  required: [name],
  additionalProperties: false,
});

const tool = (name: string, description: string, argument: string) => ({
  type: "function",
  function: { name, description, parameters: shape(argument) },
});

const clock = tool("get_time", "The time in a city.", "city");
const tools = [clock, tool("get_weather", "The weather in a city.", "city")];

const call = { id: "call_1", type: "function", function: { name: "get_time", arguments: '{"city":"Oslo"}' } };

export const questions = {
  hello: { max_tokens: 64, ...conversation("Say ok.") },
  bothTools: { max_tokens: 400, tools, ...conversation("What are the time and the weather in Oslo?") },
  forcedTool: {
    max_tokens: 200,
    tools: [clock],
    tool_choice: { type: "function", function: { name: "get_time" } },
    ...conversation("Say ok."),
  },
  /** Earlier reasoning goes back where the rules differ: inside a loop of tools. */
  replay: {
    max_tokens: 64,
    tools: [clock],
    ...conversation(
      "What time is it in Oslo?",
      { role: "assistant", content: "", reasoning_content: "I have a tool for the time.", tool_calls: [call] },
      { role: "tool", tool_call_id: "call_1", content: "12:00" },
    ),
  },
  /** Strict mode must refuse an object that has no properties and is open; anything else takes it. */
  illegalStrictTool: {
    max_tokens: 64,
    tools: [
      {
        type: "function",
        function: {
          name: "get_time",
          description: "The time.",
          strict: true,
          parameters: { type: "object", properties: {} },
        },
      },
    ],
    ...conversation("Say ok."),
  },
  halfAnswer: {
    max_tokens: 64,
    ...conversation("Count from one to seven in words.", {
      role: "assistant",
      content: "one, two, three, four, ",
      prefix: true,
    }),
  },
  jsonObject: {
    max_tokens: 200,
    response_format: { type: "json_object" },
    ...conversation('Answer in JSON, in the form {"word": "…"}, with any word.'),
  },
  jsonSchema: {
    max_tokens: 200,
    response_format: {
      type: "json_schema",
      json_schema: {
        name: "answer",
        strict: true,
        schema: { ...shape("word"), properties: { word: { type: "string", enum: ["quokka"] } } },
      },
    },
    ...conversation('Answer in JSON, in the form {"word": "…"}, with any word.'),
  },
  absurdLength: { max_tokens: 100_000_000, ...conversation("Say ok.") },
};
