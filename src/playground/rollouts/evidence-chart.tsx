/** The evidence that the candidate does harm, a bar for each guardrail, against the line at which it is rolled back. */
import {
  evidencePlace,
  evidenceWords,
  harmWords,
  metricValue,
  metricWords,
  type ShownEvidence,
} from "./rollout-view.ts";

export function EvidenceChart({ evidence }: { evidence: readonly ShownEvidence[] }) {
  const counted = evidence.filter(({ baseline, candidate }) => baseline.sessions + candidate.sessions > 0);
  if (counted.length === 0) return <p class="hint">No guardrail has been counted yet.</p>;
  return (
    <figure class="chart evidence">
      <figcaption>Evidence of harm; at the line it is rolled back</figcaption>
      <ul>
        {counted.map((each) => (
          <Guardrail key={`${each.metric} ${each.turn_of_key}`} evidence={each} />
        ))}
      </ul>
    </figure>
  );
}

function Guardrail({ evidence: each }: { evidence: ShownEvidence }) {
  const { metric, evidence, needed, harm, worse_by, baseline, candidate } = each;
  const place = evidencePlace(evidence, needed);
  return (
    <li>
      <span>
        <strong>{metricWords(metric)}</strong>
        {each.turn_of_key > 1 && ` (turn ${each.turn_of_key})`}
      </span>
      <svg
        width="100%"
        height="18"
        role="img"
        aria-label={`${metricWords(metric)}: evidence ${evidenceWords(evidence)} of ${evidenceWords(needed)}`}
      >
        <rect class="lane" y="6" width="100%" height="6" rx="3" />
        <rect class={evidence >= needed ? "failed" : "series0"} y="4" width={`${100 * place}%`} height="10" rx="3" />
        <line class="needed" x1="80%" x2="80%" y1="0" y2="18" />
      </svg>
      <small>
        candidate {metricValue(metric, candidate.value)} in {candidate.sessions} sessions, baseline{" "}
        {metricValue(metric, baseline.value)} in {baseline.sessions}: {harmWords(harm)} (guarded: +
        {harmWords(worse_by).replace("+", "")}). Evidence {evidenceWords(evidence)} of {evidenceWords(needed)}.
      </small>
    </li>
  );
}
