/** Scoring functions of the shop's cases, for the tests of `longline eval`. */
import type { Scorer } from "longline/test";

export const polite: Scorer = ({ answer }) => ({ score: /please|thank/i.test(answer) ? 1 : 0.25, reason: "no please" });
export const broken: Scorer = () => {
  throw new Error("not today");
};
export const unsure: Scorer = () => undefined;
export const wrong: Scorer = () => 7;
