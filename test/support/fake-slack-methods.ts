/** The methods of a fake Slack's Web API: what each does, and what it answers beside `ok`. */
import { type FakeSlackRoom, isBetween, page, wired, written } from "./fake-slack-room.ts";
import {
  type Args,
  checkBlocks,
  checkContent,
  checkMetadata,
  mostOfMessage,
  pingsIn,
  refuse,
  streamContent,
} from "./fake-slack-rules.ts";

export interface SlackState {
  room: FakeSlackRoom;
  settings: { teamId: string; botUserId: string; botId: string; appId: string; origin?: string | undefined };
  users: Map<string, object>;
  /** By channel and thread. */
  sessions: Map<string, { status: string; title?: string | undefined }>;
  channels: Map<string, FakeChannel>;
  /** What was shown to people beside messages. */
  shown: { ephemerals: Args[]; prompts: Args[]; titles: Args[]; homes: Map<string, unknown>; uploads: FakeUpload[] };
  fileInfo(id: string): object | undefined;
}

/** A channel as the app sees it; one that was not described has the app as its member. */
export interface FakeChannel {
  isMember?: boolean;
  isPrivate?: boolean;
  isArchived?: boolean;
  /** `channel_type_not_supported`. */
  takesStreams?: boolean;
  name?: string;
  members?: string[];
}

export interface FakeUpload {
  id: string;
  filename: string;
  body: string;
  channel?: string;
  threadTs?: string;
}

export function slackMethods(state: SlackState): Record<string, (args: Args) => object> {
  const { room, settings, users, sessions, channels, shown, fileInfo } = state;
  /** `not_in_channel` and `channel_not_found`: docs.slack.dev/reference/methods/chat.postMessage. */
  const mustReach = (id: unknown, code = "not_in_channel") => {
    const { isMember = true, isPrivate = false, isArchived = false } = channels.get(String(id)) ?? {};
    if (!isMember) refuse(isPrivate ? "channel_not_found" : code);
    if (isArchived && code === "not_in_channel") refuse("is_archived");
  };
  const mustKnow = (user: unknown, team?: unknown) => {
    const found = users.get(String(user)) as { team_id?: string } | undefined;
    if (found === undefined || (team !== undefined && found.team_id !== team)) refuse("user_not_found");
  };
  const bot = () => ({ user: settings.botUserId, botId: settings.botId, appId: settings.appId });
  const sessionOf = ({ channel_id, thread_ts }: Args) => {
    if (!thread_ts) refuse("thread_ts_required");
    return `${channel_id} ${thread_ts}`;
  };
  const wire = (args: Args) => (message: Parameters<typeof wired>[0]) => wired(message, room, args);

  return {
    "auth.test": () => ({
      url: "https://team.slack.com/",
      team: "team",
      user: "bot",
      team_id: settings.teamId,
      user_id: settings.botUserId,
      bot_id: settings.botId,
    }),
    "chat.postMessage": (args) => {
      mustReach(args.channel);
      checkContent(args);
      const message = room.put(String(args.channel), {
        ...bot(),
        ...(args.thread_ts ? { threadTs: `${args.thread_ts}` } : {}),
      });
      const sent = room.show(message, written(message.shown, args));
      const isCut = String(args.text ?? "").length > 40_000;
      return { ...sent, message: wire(args)(message), ...(isCut && { warning: "message_truncated" }) };
    },
    "chat.postEphemeral": (args) => {
      mustReach(args.channel);
      checkContent(args);
      shown.ephemerals.push(args);
      room.pings.push(...pingsIn(String(args.text ?? args.markdown_text ?? ""), args.blocks));
      return { message_ts: room.newTs() };
    },
    "chat.delete": (args) => {
      const message = room.messageOf(args);
      if (message.shown.botId !== settings.botId) refuse("cant_delete_message");
      room.remove(message);
      return { channel: message.channel, ts: message.shown.ts };
    },
    "chat.update": (args) => {
      const message = room.messageOf(args);
      if (message.shown.botId !== settings.botId) refuse("cant_update_message");
      if (message.shown.streamingState === "in_progress") refuse("streaming_state_conflict");
      checkContent(args, 4_000);
      message.pinged = 0;
      const shown = written(message.shown, args);
      return {
        ...room.show(message, { ...shown, edits: shown.edits + 1 }),
        text: shown.text,
        message: wire(args)(message),
      };
    },
    "chat.startStream": (args) => {
      const isDm = String(args.channel).startsWith("D");
      for (const name of ["recipient_user_id", "recipient_team_id"])
        if (!isDm && !args[name]) refuse(`missing_${name}`);
      if (!args.thread_ts) refuse("missing_thread_ts");
      mustReach(args.channel);
      if (channels.get(String(args.channel))?.takesStreams === false) refuse("channel_type_not_supported");
      if (!isDm) mustKnow(args.recipient_user_id, args.recipient_team_id);
      const content = streamContent(args);
      const threadTs = String(args.thread_ts);
      const message = room.put(String(args.channel), { ...bot(), threadTs, streamingState: "in_progress" });
      room.startStream(message);
      try {
        return room.show(message, room.grow(message, content));
      } catch (error) {
        room.remove(message);
        throw error;
      }
    },
    "chat.appendStream": (args) => {
      const message = room.liveStream(args, settings.botId);
      const content = streamContent(args);
      if (content.kind === undefined) refuse("no_text");
      return room.show(message, room.grow(message, content));
    },
    "chat.stopStream": (args) => {
      const message = room.liveStream(args, settings.botId);
      checkBlocks(args.blocks);
      checkMetadata(args.metadata);
      const shown = room.grow(message, streamContent(args));
      const tasksChars = shown.tasks.length === 0 ? 0 : JSON.stringify(shown.tasks).length;
      if (shown.text.length + tasksChars > mostOfMessage) {
        message.shown.streamingState = "errored";
        refuse("msg_too_long");
      }
      const blocks = [...(shown.blocks ?? []), ...((args.blocks as unknown[] | undefined) ?? [])];
      const metadata = args.metadata as Record<string, unknown> | undefined;
      const sent = room.show(message, {
        ...shown,
        streamingState: "completed",
        ...(blocks.length > 0 && { blocks }),
        ...(metadata !== undefined && { metadata }),
      });
      return { ...sent, message: wire(args)(message) };
    },
    "conversations.open": ({ users: id }) => {
      mustKnow(id);
      return { channel: { id: `D${id}` } };
    },
    "conversations.info": ({ channel }) => {
      mustReach(channel, "channel_not_found");
      const { name = "general", isPrivate = false } = channels.get(String(channel)) ?? {};
      return { channel: { id: channel, name, is_private: isPrivate, is_member: true } };
    },
    "conversations.members": ({ channel }) => {
      mustReach(channel, "channel_not_found");
      const { members = [...users.keys()] } = channels.get(String(channel)) ?? {};
      return { members, response_metadata: { next_cursor: "" } };
    },
    "conversations.replies": (args) => {
      mustReach(args.channel, "channel_not_found");
      const thread = room.inThread(args.channel, args.ts);
      if (thread.length === 0) refuse("thread_not_found");
      return page(thread.filter((each) => each.shown.ts === args.ts || isBetween(each, args)).map(wire(args)), args);
    },
    "conversations.history": (args) => {
      mustReach(args.channel, "not_in_channel");
      const roots = room.inChannel(args.channel).filter(({ shown }) => (shown.threadTs ?? shown.ts) === shown.ts);
      return page(
        roots
          .filter((each) => isBetween(each, args))
          .map(wire(args))
          .reverse(),
        args,
      );
    },
    "users.info": ({ user }) => ({ user: users.get(String(user)) ?? refuse("user_not_found") }),
    "files.info": ({ file }) => ({ file: fileInfo(String(file)) ?? refuse("file_not_found") }),
    "files.getUploadURLExternal": ({ filename, length }) => {
      if (!(Number(length) > 0)) refuse("missing_argument");
      const id = `FU${shown.uploads.length + 1}`;
      shown.uploads.push({ id, filename: String(filename), body: "" });
      return { file_id: id, upload_url: `${settings.origin ?? "https://files.slack.com"}/upload/${id}` };
    },
    "files.completeUploadExternal": ({ files, channel_id, thread_ts }) => {
      if (channel_id !== undefined) mustReach(channel_id);
      for (const { id } of files as { id: string }[]) {
        const upload = shown.uploads.find((each) => each.id === id) ?? refuse("file_not_found");
        if (upload.body === "") refuse("file_update_failed");
        Object.assign(upload, {
          ...(channel_id !== undefined && { channel: channel_id }),
          ...(thread_ts !== undefined && { threadTs: thread_ts }),
        });
      }
      return { files };
    },
    "views.publish": ({ user_id, view }) => {
      const { type, blocks } = (view ?? {}) as { type?: string; blocks?: unknown[] };
      if (type !== "home" || !Array.isArray(blocks)) refuse("invalid_arguments", "[ERROR] view");
      if (blocks.length > 100) refuse("view_too_large");
      shown.homes.set(String(user_id), view);
      return { view };
    },
    "agents.sessions.setStatus": (args) => {
      mustReach(args.channel_id, "not_authorized");
      const status = String(args.status);
      if (!["active", "processing", "suspended", "closed"].includes(status)) refuse("invalid_status");
      checkTitle(args);
      const at = sessionOf(args);
      const session = { title: args.title as string | undefined, ...sessions.get(at), status };
      sessions.set(at, session);
      return { status, agent_status: status, title: session.title };
    },
    "agents.sessions.rename": (args) => {
      checkTitle(args);
      const session = sessions.get(sessionOf(args)) ?? refuse("session_not_found");
      session.title = String(args.title);
      return { title: session.title };
    },
    "assistant.threads.setStatus": ({ loading_messages: all }) =>
      all === undefined || (Array.isArray(all) && all.length <= 10)
        ? {}
        : refuse("invalid_arguments", "loading_messages"),
    "assistant.threads.setTitle": (args) => {
      checkTitle(args);
      shown.titles.push(args);
      return {};
    },
    "assistant.threads.setSuggestedPrompts": (args) => {
      const { prompts } = args;
      if (!Array.isArray(prompts) || prompts.length > 4) refuse("invalid_arguments", "[ERROR] prompts: at most 4");
      shown.prompts.push(args);
      return {};
    },
  };
}

function checkTitle({ title }: Args): void {
  if (title !== undefined && String(title).length > 200)
    refuse("invalid_arguments", "[ERROR] must be at most 200: title");
}
