/** The request that a reply of the model answered: its parts, those from the cache shaded, and the whole as it was sent. Loaded when it is unfolded. */
import { useLayoutEffect, useRef } from "hono/jsx/dom";
import { callJson } from "../shell/api.ts";
import { codeBlock } from "../shell/code-block.ts";
import { Details } from "../shell/details.tsx";
import { bytes } from "../shell/figures.ts";
import { LoadState } from "../shell/load-state.tsx";
import { useLoad } from "../shell/use-load.ts";
import { type RequestPart, requestParts } from "./request-parts.ts";

interface ShownRequest {
  model: string;
  exact: boolean;
  differs?: string;
  body: object;
}

interface RequestViewProps {
  session: string;
  seq: number;
  /** Of the reply: how much of the request came from the cache. */
  usage?: { input_tokens: number; cached_tokens: number } | undefined;
}

export function RequestView({ session, seq, usage }: RequestViewProps) {
  const path = `/v1/sessions/${session}/requests/${seq}`;
  const loading = useLoad(path, (signal) => callJson<ShownRequest>(path, { signal }));
  return (
    <div class="request-view">
      <LoadState loading={loading} what="the request, made again from the log" />
      <div>{loading.data && <Shown request={loading.data} usage={usage} />}</div>
    </div>
  );
}

function Shown({ request, usage }: { request: ShownRequest; usage: RequestViewProps["usage"] }) {
  const { model, exact, differs, body } = request;
  const size = new TextEncoder().encode(JSON.stringify(body)).length;
  const { input_tokens = 0, cached_tokens = 0 } = usage ?? {};
  const share = cached_tokens / Math.max(1, input_tokens + cached_tokens);
  return (
    <div>
      <p>
        To {model}, {bytes(size)}.{" "}
        {exact ? "This is what was sent." : `This may not be just what was sent: ${differs}.`} The key goes in a header
        and is not shown.
      </p>
      <p class="hint">
        {usage !== undefined &&
          `${cached_tokens.toLocaleString("en")} of ${(input_tokens + cached_tokens).toLocaleString("en")} input tokens came from the provider's cache: about the shaded part.`}
      </p>
      <ol class="request-parts" aria-label="Parts of the request, in the provider's order">
        {requestParts(body, share).map((part, place) => (
          <Part key={String(place)} part={part} />
        ))}
      </ol>
      <Details name="As JSON">{() => <Code text={JSON.stringify(body, null, 2)} />}</Details>
    </div>
  );
}

function Part({ part: { name, preview, characters, cached } }: { part: RequestPart }) {
  return (
    <li>
      <svg width="100%" height="100%" class="shade" aria-hidden="true">
        <title>Cached</title>
        <rect x="0" y="0" width={`${Math.round(cached * 100)}%`} height="100%" />
      </svg>
      <strong>{name}</strong> <span>{preview}</span>{" "}
      <small>
        {bytes(characters)}
        {cached > 0 && `, ${cached >= 1 ? "cached" : `about ${Math.round(cached * 100)} % cached`}`}
      </small>
    </li>
  );
}

function Code({ text }: { text: string }) {
  const place = useRef<HTMLElement>(null);
  useLayoutEffect(() => place.current?.replaceChildren(codeBlock(text, "json")), [text]);
  return <div ref={place} />;
}
