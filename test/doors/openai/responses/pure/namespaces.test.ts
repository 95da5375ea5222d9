import { describe, expect, it } from "vitest";
import type { ClientTool } from "../../../../../src/core/entry.ts";
import {
  chosenName,
  declaredTools,
  flatNameOf,
  flatNames,
  functionNameOf,
} from "../../../../../src/doors/openai/responses/namespaces.ts";

const tool = (name: string, namespace?: ClientTool["namespace"]): ClientTool => ({
  name,
  description: "",
  parameters: {},
  ...(namespace && { namespace }),
});
const tools = [
  tool("lookup"),
  tool("crm__lookup", { name: "crm", tool: "lookup", description: "About customers" }),
  tool("shop__lookup", { name: "shop", tool: "lookup" }),
  tool("crm__close", { name: "crm", tool: "close" }),
];

describe("functions in namespaces", () => {
  it.each([
    [
      "one of each",
      [
        ["crm", "find"],
        ["shop", "find"],
      ],
      [],
      ["crm__find", "shop__find"],
    ],
    ["letters that providers refuse", [["a b/ö", "find"]], [], ["a_b____find"]],
    [
      "a function that is in none keeps its name",
      [
        [undefined, "crm__find"],
        ["crm", "find"],
      ],
      [],
      ["crm__find", /^crm__find_\w+$/],
    ],
    ["a tool of the agent's", [["crm", "find"]], ["crm__find"], [/^crm__find_\w+$/]],
    [
      "two that join to one",
      [
        ["a__b", "c"],
        ["a", "b__c"],
      ],
      [],
      [/^a__b__c_\w+$/, /^a__b__c_\w+$/],
    ],
    [
      "too long",
      [
        ["n".repeat(60), "first"],
        ["n".repeat(60), "fourth"],
      ],
      [],
      [/^n{40,}_*\w+$/, /^n{40,}_*\w+$/],
    ],
  ] as [string, [string | undefined, string][], string[], (string | RegExp)[]][])(
    "[RESPONSES-22] get legal names that differ: %s",
    (_, written, taken, expected) => {
      const functions = written.map(([namespace, name]) => ({ name, ...(namespace !== undefined && { namespace }) }));
      const names = flatNames(functions, taken);
      names.forEach((name, place) => expect(name).toMatch(new RegExp(expected[place] ?? "")));
      expect(new Set(names).size).toBe(names.length);
      expect(names.filter((name) => !/^[A-Za-z0-9_-]{1,64}$/.test(name))).toEqual([]);
      expect(flatNames(functions, taken)).toEqual(names);
    },
  );

  it("[RESPONSES-22] have one name for the model and another for the client", () => {
    expect(functionNameOf("crm__lookup", tools)).toEqual({ name: "lookup", namespace: "crm" });
    expect(functionNameOf("lookup", tools)).toEqual({ name: "lookup" });
    expect(flatNameOf({ name: "lookup", namespace: "shop" }, tools)).toBe("shop__lookup");
    expect(flatNameOf({ name: "gone", namespace: "shop" }, tools)).toBe("shop__gone");
    expect(flatNameOf({ name: "lookup" }, tools)).toBe("lookup");
  });

  it.each([
    ["lookup", "lookup"],
    ["crm.lookup", "crm__lookup"],
    ["close", "crm__close"],
    ["calculator", "calculator"],
  ])("[RESPONSES-22] a choice of %s is one of %s", (choice, name) => {
    expect(chosenName(choice, tools)).toBe(name);
  });

  it("[RESPONSES-22] an own name that two have chooses none", () => {
    expect(chosenName("lookup", tools.slice(1))).toBe("lookup");
  });

  it("[RESPONSES-22] are declared again in their namespaces", () => {
    expect(declaredTools(tools)).toMatchObject([
      { type: "function", name: "lookup" },
      {
        type: "namespace",
        name: "crm",
        description: "About customers",
        tools: [{ type: "function", name: "lookup" }, { name: "close" }],
      },
      { type: "namespace", name: "shop", description: "", tools: [{ name: "lookup" }] },
    ]);
  });
});
