/** The prefix doctor's report: what the newest requests began with, what of it should have been cached, what was, and what changed. */
import { useEffect, useState } from "hono/jsx/dom";
import { callJson } from "../shell/api.ts";

interface Report {
  chain: { segment: string; name?: string }[];
  requests: {
    seq: number;
    turn: string;
    step: number;
    model: string;
    input_tokens: number;
    cached_tokens: number;
    expected_tokens: number;
    because?: string;
  }[];
}

export function PrefixChain({ session }: { session: string }) {
  const [report, setReport] = useState<Report | undefined>(undefined);
  const [fault, setFault] = useState("");
  useEffect(() => {
    callJson<Report>(`/v1/sessions/${session}/prefix`)
      .then(setReport)
      .catch((error: Error) => setFault(error.message));
  }, [session]);
  if (fault !== "") return <p class="alert">{fault}</p>;
  if (report === undefined) return <p class="hint">Loading the doctor's report …</p>;
  const [newest] = report.requests;
  if (newest === undefined) return <p class="hint">No request was sent yet.</p>;
  const isHit = newest.cached_tokens >= newest.expected_tokens && newest.because === undefined;
  return (
    <div class="prefix-chain">
      <p>
        {isHit
          ? "The newest request hit all that could be cached."
          : `Missed: ${newest.because ?? "less was cached than expected"}.`}
      </p>
      <ol class={isHit ? "chain hit" : "chain miss"} aria-label="What the newest request begins with">
        {report.chain.map(({ segment, name }) => (
          <li key={`${segment} ${name}`} class={isNamed(newest.because, segment, name) ? "changed" : ""}>
            {segment}
            {name === undefined ? "" : ` ${name}`}
            {isNamed(newest.because, segment, name) && " (changed)"}
          </li>
        ))}
      </ol>
      <Requests requests={report.requests} />
    </div>
  );
}

function Requests({ requests }: Pick<Report, "requests">) {
  return (
    <section class="scroll" tabindex={0} aria-label="Requests, newest first">
      <table>
        <thead>
          <tr>
            <th scope="col">Request</th>
            <th scope="col">Expected</th>
            <th scope="col">Cached</th>
            <th scope="col">Fresh</th>
            <th scope="col">Why</th>
          </tr>
        </thead>
        <tbody>
          {requests.map((each) => (
            <tr key={each.seq}>
              <th scope="row">
                {each.turn.replace("_", " ")}, step {each.step}
              </th>
              <td>{each.expected_tokens.toLocaleString("en")}</td>
              <td>{each.cached_tokens.toLocaleString("en")}</td>
              <td>{each.input_tokens.toLocaleString("en")}</td>
              <td>{each.because ?? (each.cached_tokens >= each.expected_tokens ? "hit" : "less than expected")}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

/** The doctor names segments as people would: "tool `x` description changed". */
function isNamed(because: string | undefined, segment: string, name: string | undefined): boolean {
  if (because === undefined) return false;
  const term = segment === "tool" || segment === "parameter" ? name : segment;
  return term !== undefined && new RegExp(`\\b${term.replace(/[^\w-]/g, ".")}\\b`).test(because);
}
