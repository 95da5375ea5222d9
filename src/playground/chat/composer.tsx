/** The field to write in: Enter sends, Shift+Enter makes a line. Beside it are the choices that go along with a message. */
import { memo, useRef, useState } from "hono/jsx/dom";
import type { AgentJson } from "../../wire/account-shapes.ts";
import { Choice } from "../shell/choice.tsx";
import { bytes } from "../shell/figures.ts";
import { type Attachment, longestFileBytes, withAttachments } from "./attachment.ts";

/** Choices that go along with a message. Where one is absent, the server's default is used. */
export interface Choices {
  /** Who answers in a session that the message makes. */
  agent?: string;
  onBusy?: "queue" | "join" | "interrupt";
  model?: string;
  thinking?: boolean;
}

interface ComposerProps {
  field: { current: HTMLTextAreaElement | null };
  busy: boolean;
  models: readonly string[];
  /** Who could answer, where that can be chosen: in a new chat with several agents. */
  agents: readonly Pick<AgentJson, "id">[];
  agent: string;
  chooseAgent(agent: string): void;
  send(content: string, choices: Choices): void;
  stop(): void;
}

/** Drawn when one of these changes, and not with each word of an answer. */
export const Composer = memo(DrawnComposer);

function DrawnComposer({ field, busy, models, agents, agent, chooseAgent, send, stop }: ComposerProps) {
  const [text, setText] = useState("");
  const [files, setFiles] = useState<Attachment[]>([]);
  const [fault, setFault] = useState("");
  const [onBusy, setOnBusy] = useState("queue");
  const [model, setModel] = useState("");
  const [thinking, setThinking] = useState("");
  const content = withAttachments(text.trim(), files);
  const submit = (event: Event) => {
    event.preventDefault();
    if (content === "") return;
    send(content, {
      ...(busy && { onBusy: onBusy as NonNullable<Choices["onBusy"]> }),
      // Another agent may not have it.
      ...(models.includes(model) && { model }),
      ...(thinking !== "" && { thinking: thinking === "on" }),
    });
    setText("");
    setFiles([]);
    field.current?.focus();
  };
  const typed = (event: KeyboardEvent) => {
    // Enter within an input method chooses a word.
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) submit(event);
  };
  return (
    <form class="composer" aria-label="Write a message" onSubmit={submit}>
      <FileChips files={files} remove={(name) => setFiles(files.filter((file) => file.name !== name))} />
      <label class="sr" for="message">
        Message
      </label>
      <textarea
        id="message"
        ref={field}
        rows={2}
        placeholder="Write a message"
        value={text}
        onInput={(event: Event) => setText((event.target as HTMLTextAreaElement).value)}
        onKeyDown={typed}
      />
      <p class="fault" role="alert">
        {fault}
      </p>
      <div class="row">
        <AttachButton
          add={(file) => setFiles((all) => [...all.filter(({ name }) => name !== file.name), file])}
          fail={setFault}
        />
        {agents.length > 1 && (
          <Choice label="Agent" value={agent} choose={chooseAgent} options={agents.map(({ id }) => same(id))} />
        )}
        {models.length > 1 && (
          <Choice label="Model" value={model} choose={setModel} options={[["", "any model"], ...models.map(same)]} />
        )}
        <Choice label="Thinking" value={thinking} choose={setThinking} options={thinkingOptions} />
        {busy && <Choice label="While it answers" value={onBusy} choose={setOnBusy} options={busyOptions} />}
        <span class="go">
          {busy && (
            <button type="button" class="danger" onClick={stop}>
              Stop
            </button>
          )}
          <button type="submit" class="primary" disabled={content === ""}>
            Send
          </button>
        </span>
      </div>
    </form>
  );
}

const same = (id: string): [string, string] => [id, id];
const thinkingOptions: [string, string][] = [
  ["", "usual thinking"],
  ["on", "thinking on"],
  ["off", "thinking off"],
];
const busyOptions: [string, string][] = [
  ["queue", "queue it"],
  ["join", "join in"],
  ["interrupt", "interrupt"],
];

/** Adds text files to a message, and shows which there are. Takes nothing that is no text, or longer than what a message can carry. */
function AttachButton({ add, fail }: { add(file: Attachment): void; fail(why: string): void }) {
  const input = useRef<HTMLInputElement>(null);
  const chosen = async () => {
    fail("");
    for (const file of input.current?.files ?? []) {
      const text = file.size <= longestFileBytes ? await file.text() : "";
      if (file.size > longestFileBytes)
        fail(`${file.name} has ${bytes(file.size)}; ${bytes(longestFileBytes)} are the most. Attach a part of it.`);
      else if (/[\0\uFFFD]/.test(text)) fail(`${file.name} is no text in UTF-8. Attach a text file.`);
      else add({ name: file.name, text });
    }
    if (input.current) input.current.value = "";
  };
  return (
    <span>
      <input ref={input} type="file" multiple hidden aria-label="Files to attach" onInput={() => void chosen()} />
      <button type="button" class="quiet" onClick={() => input.current?.click()}>
        Attach
      </button>
    </span>
  );
}

function FileChips({ files, remove }: { files: readonly Attachment[]; remove(name: string): void }) {
  return (
    <ul class="chips" aria-label="Attached files">
      {files.map(({ name, text }) => (
        <li key={name}>
          {name} · {bytes(text.length)}
          <button type="button" class="quiet" aria-label={`Remove ${name}`} onClick={() => remove(name)}>
            ×
          </button>
        </li>
      ))}
    </ul>
  );
}
