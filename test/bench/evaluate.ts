/** Compiles and evaluates a bundle once, and prints what each took of the CPU, in ms; what the bundle logs goes elsewhere. */
import { readFileSync } from "node:fs";
import vm from "node:vm";
import type { Evaluated } from "./startup.ts";

const text = readFileSync(process.argv[2] ?? "", "utf8");
const cpuMs = () => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
};
// Making these for the first time is no cost of the bundle.
console.log("");
console.warn("");

const beganMs = cpuMs();
const module = new vm.SourceTextModule(text);
const compiledMs = cpuMs();
await module.link(() => {
  throw new Error("The bundle imports something.");
});
const linkedMs = cpuMs();
await module.evaluate();
const found: Evaluated = { compileMs: compiledMs - beganMs, evaluateMs: cpuMs() - linkedMs };
console.error(JSON.stringify(found));
