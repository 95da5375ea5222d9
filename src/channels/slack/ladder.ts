/**
 * Decides what is done when Slack refuses a call of a delivery: the next way to show the same thing, a wait, a look, or the
 * end. Pure: from what was refused and what is shown already. It never calls Slack and stores nothing.
 * Codes by docs.slack.dev/reference/methods and its table of general errors; test/fixtures/slack/errors.json lists them.
 */

/** What a code means, whatever the method. */
export type Refusal =
  /** Slack is busy, or in the middle of something: the same call may succeed later. */
  | "wait"
  /** The call may have been carried out all the same. */
  | "unclear"
  /** The app's token or its rights: no call succeeds before the owner changes them. */
  | "token"
  /** Nothing can be posted at this place. */
  | "place"
  /** This form of the content is refused. */
  | "content"
  /** There is too much of it. */
  | "long"
  /** The message is not there any more. */
  | "gone"
  /** The stream is over. */
  | "ended"
  /** The message is still a stream. */
  | "streaming"
  /** Not in the table: another form is tried. */
  | "unknown";

const table: Record<Exclude<Refusal, "unknown">, string> = {
  wait: `rate_limited ratelimited accesslimited message_limit_exceeded service_unavailable team_added_to_org external_channel_migrating
    request_timeout enterprise_is_restricted`,
  unclear: "fatal_error internal_error messaging_processing_failed update_failed timeout unreachable",
  token: `access_denied account_inactive deprecated_endpoint invalid_auth is_bot method_deprecated missing_scope no_permission
    not_allowed_token_type not_authed org_login_required team_access_not_granted token_expired token_revoked
    two_factor_setup_required unknown_method`,
  place: `app_cannot_join_channel cannot_reply_to_message cant_broadcast_message channel_is_limited_access channel_not_found
    duplicate_channel_not_found ekm_access_denied expired_url invalid_channel invalid_thread_ts is_archived is_inactive
    messages_tab_disabled method_not_supported_for_channel_type not_authorized not_in_channel posting_to_channel_denied
    restricted_action restricted_action_non_threadable_channel restricted_action_read_only_channel
    restricted_action_thread_locked restricted_action_thread_only_channel team_not_found thread_not_found
    user_not_in_channel user_disabled user_not_visible invalid_user_combination used_url`,
  content: `as_user_not_supported attachment_payload_limit_exceeded block_mismatch channel_type_not_supported
    invalid_arg_name invalid_arguments invalid_array_arg invalid_attachments invalid_blocks invalid_blocks_format
    invalid_charset invalid_chunks invalid_form_data invalid_metadata_format invalid_metadata_schema invalid_post_type
    markdown_text_conflict metadata_must_be_sent_from_app metadata_too_large missing_file_data missing_post_type
    missing_recipient_team_id missing_recipient_user_id msg_blocks_too_long msg_blocks_too_many no_text
    no_dual_broadcast_content_update slack_connect_canvas_sharing_blocked slack_connect_file_link_sharing_blocked
    slack_connect_lists_sharing_blocked streaming_mode_mismatch too_many_attachments too_many_contact_cards user_not_found
    cant_update_message edit_window_closed cant_delete_message message_not_owned_by_app`,
  long: "msg_too_long",
  gone: "message_not_found duplicate_message_not_found",
  ended: "message_not_in_streaming_state stopped_by_user",
  streaming: "streaming_state_conflict",
};

const kinds = new Map(
  Object.entries(table).flatMap(([kind, codes]) => codes.split(/\s+/).map((code) => [code, kind as Refusal] as const)),
);

/** `code`: Slack's, or `http_<status>`, `timeout`, `unreachable`. */
export function refusalOf(code: string): Refusal {
  if (code.startsWith("http_")) return code.startsWith("http_5") ? "unclear" : "wait";
  return kinds.get(code) ?? "unknown";
}

/** Where something is shown. `direct`: a direct message to the person who asked. */
export type SlackWay = "thread" | "response_url" | "direct";
/** How: each form after the first needs less of Slack. */
export type Form = "stream" | "blocks" | "markdown" | "text";
export interface SlackRung {
  way: SlackWay;
  form: Form;
}

const forms: readonly Form[] = ["stream", "blocks", "markdown", "text"];

/** The first rung of a way. Only a thread takes streams. */
export function firstRung(way: SlackWay): SlackRung {
  return { way, form: way === "thread" ? "stream" : "blocks" };
}

/** The rung after this one: a simpler form, else the next way; `undefined` after the last. */
export function rungAfter(
  { way, form }: SlackRung,
  ways: readonly SlackWay[],
  isPlaceClosed = false,
): SlackRung | undefined {
  const simpler = isPlaceClosed ? undefined : forms[forms.indexOf(form) + 1];
  if (simpler !== undefined) return { way, form: simpler };
  const next = ways[ways.indexOf(way) + 1];
  return next && { way: next, form: "blocks" };
}

export type Step =
  /** The same again after a pause. */
  | { do: "retry" }
  /** The same again at once, with less of what Slack may refuse. */
  | { do: "again" }
  /** After a pause: look whether it is there, then go on. */
  | { do: "look" }
  | { do: "climb"; rung: SlackRung }
  /** The rest in smaller pieces. */
  | { do: "smaller" }
  /** End the stream, and write the message anew as a whole. */
  | { do: "rewrite" }
  /** Write it in a simpler form. */
  | { do: "simplify" }
  /** Take the message away, where it is still there, and post it anew. */
  | { do: "anew" }
  /** End the stream first. */
  | { do: "stop" }
  /** Nothing more is to be done about it. */
  | { do: "leave" }
  /** No way is left. */
  | { do: "give_up" };

export interface SlackRefused {
  method: string;
  code: string;
}

export interface LadderPosition {
  rung: SlackRung;
  ways: readonly SlackWay[];
  /** How often the same call was refused, without pauses that Slack requested. */
  tries: number;
  /** Bytes of the piece that was refused. */
  bytes?: number;
}

/** A call that fails is repeated this often before another form is tried. */
const mostTries = 3;
/** A stream that is left open looks as if more came: it is tried more often. */
const mostStops = 6;
/** Smaller pieces are not made. */
const leastBytes = 1_000;

/** The one next step after a refusal. */
export function stepAfter(refused: SlackRefused, at: LadderPosition): Step {
  const kind = refusalOf(refused.code);
  switch (refused.method) {
    case "chat.startStream":
    case "chat.postMessage":
    case "response_url":
    case "conversations.open":
      return afterPost(refused.method, kind, at);
    case "chat.appendStream":
      return afterAppend(kind, at);
    case "chat.stopStream":
      return afterStop(kind, at);
    case "chat.update":
      return afterUpdate(kind, at);
    case "chat.delete":
      return waits(kind) && at.tries < mostTries ? { do: "retry" } : { do: "leave" };
    default:
      return waits(kind) || at.tries < mostTries ? { do: "retry" } : { do: "leave" };
  }
}

function waits(kind: Refusal): boolean {
  return kind === "wait" || kind === "token" || kind === "unclear";
}

function afterPost(method: string, kind: Refusal, at: LadderPosition): Step {
  if (kind === "wait" || (kind === "token" && method !== "response_url")) return { do: "retry" };
  if (kind === "unclear" && at.tries < mostTries) return { do: "look" };
  if (kind === "long" && (at.bytes ?? 0) > leastBytes) return { do: "smaller" };
  // A stream may be refused where a message is not: each way is tried with a message before it is left.
  const isClosed = method === "conversations.open" || (kind === "place" && method !== "chat.startStream");
  const rung = rungAfter(at.rung, at.ways, isClosed);
  return rung === undefined ? { do: "give_up" } : { do: "climb", rung };
}

function afterAppend(kind: Refusal, at: LadderPosition): Step {
  if (kind === "wait" || kind === "token") return { do: "retry" };
  if (kind === "gone") return { do: "anew" };
  if (kind === "long" && (at.bytes ?? 0) > leastBytes) return { do: "smaller" };
  // Perhaps it was appended, perhaps not: written anew as a whole it is right in any case.
  return { do: "rewrite" };
}

function afterStop(kind: Refusal, at: LadderPosition): Step {
  if (kind === "gone") return { do: "anew" };
  if (kind === "ended" || kind === "long") return { do: "rewrite" };
  if (waits(kind)) return { do: "retry" };
  if (at.tries < mostStops) return { do: "again" };
  // The text is there; Slack ends a stream that is left alone (vercel/chat#607).
  return { do: "leave" };
}

function afterUpdate(kind: Refusal, at: LadderPosition): Step {
  if (kind === "streaming") return at.tries < mostTries ? { do: "stop" } : { do: "anew" };
  if (waits(kind)) return { do: "retry" };
  if (kind === "gone") return { do: "anew" };
  if (kind === "long" && (at.bytes ?? 0) > leastBytes) return { do: "smaller" };
  return at.rung.form === "text" ? { do: "anew" } : { do: "simplify" };
}
