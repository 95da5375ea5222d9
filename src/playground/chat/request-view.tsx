/** The request that a reply of the model answered, as it was sent. Loaded when it is unfolded. */
import { useEffect, useRef, useState } from "hono/jsx/dom";
import { callJson } from "../shell/api.ts";
import { codeBlock } from "../shell/code-block.ts";
import { bytes } from "../shell/figures.ts";

interface ShownRequest {
  model: string;
  exact: boolean;
  differs?: string;
  body: object;
}

export function RequestView({ session, seq }: { session: string; seq: number }) {
  const [request, setRequest] = useState<ShownRequest | undefined>(undefined);
  const [fault, setFault] = useState("");
  const place = useRef<HTMLElement>(null);
  useEffect(() => {
    callJson<ShownRequest>(`/v1/sessions/${session}/requests/${seq}`)
      .then(setRequest)
      .catch((error: Error) => setFault(error.message));
  }, [session, seq]);
  useEffect(() => {
    if (request !== undefined) place.current?.replaceChildren(codeBlock(JSON.stringify(request.body, null, 2), "json"));
  }, [request]);
  if (fault !== "") return <p class="alert">{fault}</p>;
  if (request === undefined) return <p class="hint">Making the request again from the log …</p>;
  const size = new TextEncoder().encode(JSON.stringify(request.body)).length;
  return (
    <div class="request-view">
      <p>
        To {request.model}, {bytes(size)}.{" "}
        {request.exact ? "This is what was sent." : `This may not be just what was sent: ${request.differs}.`} The key
        goes in a header and is not shown.
      </p>
      <div ref={place} />
    </div>
  );
}
