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
  settings: { teamId: string; botUserId: string; botId: string; appId: string };
  users: Map<string, object>;
  /** By channel and thread. */
  sessions: Map<string, { status: string; title?: string | undefined }>;
  fileInfo(id: string): object | undefined;
}

export function slackMethods(state: SlackState): Record<string, (args: Args) => object> {
  const { room, settings, users, sessions, fileInfo } = state;
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
      checkContent(args);
      room.pings.push(...pingsIn(String(args.text ?? args.markdown_text ?? ""), args.blocks));
      return { message_ts: room.newTs() };
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
      const content = streamContent(args);
      const threadTs = String(args.thread_ts);
      const message = room.put(String(args.channel), { ...bot(), threadTs, streamingState: "in_progress" });
      room.startStream(message);
      return room.show(message, room.grow(message, content));
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
    "conversations.replies": (args) => {
      const thread = room.inThread(args.channel, args.ts);
      if (thread.length === 0) refuse("thread_not_found");
      return page(thread.filter((each) => each.shown.ts === args.ts || isBetween(each, args)).map(wire(args)), args);
    },
    "conversations.history": (args) => {
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
    "agents.sessions.setStatus": (args) => {
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
    "assistant.threads.setTitle": () => ({}),
    "assistant.threads.setSuggestedPrompts": ({ prompts }) =>
      Array.isArray(prompts) && prompts.length <= 4 ? {} : refuse("invalid_arguments", "[ERROR] prompts: at most 4"),
  };
}

function checkTitle({ title }: Args): void {
  if (title !== undefined && String(title).length > 200)
    refuse("invalid_arguments", "[ERROR] must be at most 200: title");
}
