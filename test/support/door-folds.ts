/** What a client of each door has put together of one answer, frame by frame, over all its streams. Written from the doors' documents, not from our encoders: whatever a client was given and was not taken back is in it. */

/** A frame as it came over the wire. `data`: its JSON; "[DONE]" as it is. */
export interface DoorFrame {
  id?: string | undefined;
  // biome-ignore lint/suspicious/noExplicitAny: the JSON of four dialects
  data: any;
}

/** One client's copy of an answer. */
export interface Fold {
  /** A new stream has begun. */
  opened(): void;
  take(frame: DoorFrame): void;
  /** What the client comes back with; `undefined` while it has nothing. */
  readonly place: string | undefined;
  /** `error`: it was said in words that the text does not hold. */
  readonly state: "open" | "whole" | "error";
  /** The text of the answer as the client has it. */
  readonly text: string;
  /** What no client could make sense of. */
  readonly faults: string[];
}

/** Chat completions: text is appended, and never taken back. */
export class ChatFold implements Fold {
  place: string | undefined;
  state: Fold["state"] = "open";
  text = "";
  /** The code of the error that ended it. */
  code: string | undefined;
  /** Arguments of the calls that the client is to run, by index. */
  readonly calls: string[] = [];
  readonly faults: string[] = [];

  opened(): void {}

  take({ id, data }: DoorFrame): void {
    if (this.state === "error") this.faults.push("a frame comes behind the error");
    this.place = id ?? this.place;
    if (data === "[DONE]") return;
    if (data.error !== undefined) {
      this.state = "error";
      this.code = data.error.code;
      return;
    }
    const [choice] = data.choices;
    // A notice that a call waits for a person, and the end for now: no part of the answer, which goes on at the same address.
    if (data.longline?.approvals !== undefined) return;
    this.text += choice?.delta.content ?? "";
    for (const { index, function: its } of choice?.delta.tool_calls ?? []) {
      this.calls[index] = (this.calls[index] ?? "") + its.arguments;
    }
    if (choice?.finish_reason) this.state = "whole";
  }
}

interface ResponseItem {
  type: string;
  text: string;
  status: string;
}

/** Responses: items grow by their id; one that is closed as incomplete and empty is taken back, and the last event has the whole output. */
export class ResponseFold implements Fold {
  #number: number | undefined;
  state: Fold["state"] = "open";
  readonly items = new Map<string, ResponseItem>();
  readonly faults: string[] = [];
  #output: { id: string; type: string; content?: { text: string }[] }[] = [];

  get place(): string | undefined {
    return this.#number === undefined ? undefined : String(this.#number);
  }

  get text(): string {
    const texts = this.#output.filter(({ type }) => type === "message").map(({ content = [] }) => content);
    return texts.flatMap((parts) => parts.map(({ text }) => text)).join("");
  }

  opened(): void {}

  take({ data }: DoorFrame): void {
    const { type, sequence_number: number, item_id: id } = data;
    if (number <= (this.#number ?? -1)) this.faults.push(`${type} ${number} comes after ${this.#number}`);
    this.#number = number;
    if (type === "response.output_item.added") this.#added(data.item);
    if (type.endsWith(".delta")) this.#grow(id, data.delta);
    if (type === "response.output_item.done") this.#done(data.item);
    if (/^response\.(completed|incomplete|failed)$/.test(type)) this.#over(data.response);
  }

  #added({ id, type, status }: { id: string; type: string; status: string }): void {
    if (this.items.has(id)) this.faults.push(`the item ${id} is opened twice`);
    this.items.set(id, { type, status, text: "" });
  }

  #grow(id: string, delta: string): void {
    const item = this.items.get(id);
    if (item === undefined) return void this.faults.push(`${id} grows and was never opened`);
    item.text += delta;
  }

  #done(done: { id: string; status?: string; content?: { text: string }[] }): void {
    const item = this.items.get(done.id);
    if (item === undefined) return void this.faults.push(`${done.id} is closed and was never opened`);
    item.status = done.status ?? "completed";
    const said = done.content?.map(({ text }) => text).join("");
    if (item.status === "incomplete" && said === "") item.text = "";
    else if (said !== undefined && said !== item.text) {
      this.faults.push(`${done.id} is "${item.text}" in parts and "${said}" at its end`);
    }
  }

  #over({ status, output }: { status: string; output: { id: string; type: string; content?: { text: string }[] }[] }) {
    this.state = status === "failed" ? "error" : "whole";
    this.#output = output;
    const kept = new Map(output.map((item) => [item.id, item]));
    for (const [id, item] of this.items) {
      const end = kept.get(id);
      const text = end?.content?.map((part) => part.text).join("");
      if (end !== undefined && text !== undefined && text !== item.text)
        this.faults.push(`${id} is "${item.text}" in parts and "${text}" in the end`);
      if (end === undefined && item.type === "message" && item.status === "in_progress" && item.text !== "")
        this.faults.push(`${id} with "${item.text}" is not in the output, and was never closed`);
    }
    for (const { id } of output)
      if (!this.items.has(id)) this.faults.push(`${id} is in the output, and was never opened`);
  }
}

/** The AI SDK's UI messages: a stream tells the message from its beginning; `reset-step` takes the newest step back. */
export class UiFold implements Fold {
  readonly place = undefined;
  state: Fold["state"] = "open";
  readonly faults: string[] = [];
  #steps: string[] = [];
  #open = new Set<string>();

  get text(): string {
    return this.#steps.join("");
  }

  opened(): void {
    this.#steps = [];
    this.#open.clear();
  }

  take({ data }: DoorFrame): void {
    if (data === "[DONE]") return;
    const last = this.#steps.length - 1;
    switch (data.type) {
      case "start-step":
        this.#steps.push("");
        return;
      case "reset-step":
        this.#steps[last] = "";
        this.#open.clear();
        return;
      case "text-start":
        this.#open.add(data.id);
        return;
      case "text-delta":
        if (!this.#open.has(data.id)) this.faults.push(`${data.id} grows and was never opened`);
        this.#steps[last] += data.delta;
        return;
      case "error":
        this.state = "error";
        return;
      case "finish":
        if (this.state === "open") this.state = "whole";
    }
  }
}

/** The native events of one turn, or of a session: a restart voids what was said in the step. */
export class NativeFold implements Fold {
  place: string | undefined;
  state: Fold["state"] = "open";
  readonly faults: string[] = [];
  #texts: string[] = [];
  #step: { name: string; text: string } | undefined;
  #turn = "";
  readonly #begun = new Set<string>();

  get text(): string {
    return this.#texts.join("") + (this.#step?.text ?? "");
  }

  opened(): void {}

  take(frame: DoorFrame & { event?: string | undefined }): void {
    const { id, event, data } = frame;
    if (id === undefined) this.faults.push(`${event} has no id`);
    this.place = id ?? this.place;
    switch (event) {
      case "turn.started":
        this.#turn = data.turn;
        return;
      case "step.started":
        this.#started(`${this.#turn} ${data.step}`);
        return;
      case "step.restarted":
        if (this.#step !== undefined) this.#step.text = "";
        return;
      case "text.delta":
        if (this.#step === undefined) return void this.faults.push(`"${data.text}" comes before its step`);
        this.#step.text += data.text;
        return;
      case "message.completed":
        if (this.#step?.text !== data.message.content)
          this.faults.push(`"${this.#step?.text}" in parts is "${data.message.content}" whole`);
        this.#close();
        return;
      case "error":
        this.#close();
        return;
      case "turn.ended":
        if (this.#step?.text) this.faults.push(`the turn ends, and "${this.#step.text}" was never voided`);
        this.state = "whole";
    }
  }

  #started(name: string): void {
    if (this.#step !== undefined || this.#begun.has(name)) this.faults.push(`step ${name} starts twice`);
    this.#begun.add(name);
    this.#step = { name, text: "" };
  }

  #close(): void {
    this.#texts.push(this.#step?.text ?? "");
    this.#step = undefined;
  }
}
