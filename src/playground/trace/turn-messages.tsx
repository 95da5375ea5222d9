/** The messages of one turn, to be read alone: nothing can be answered, edited or sent from here. */
import { splitAttachments } from "../chat/attachment.ts";
import type { ItemView } from "../chat/item-view.ts";
import { Reply } from "../chat/reply.tsx";
import type { ShownTurn } from "../chat/turn-view.ts";
import { Details } from "../shell/details.tsx";
import { bytes } from "../shell/figures.ts";

export function TurnMessages({ view }: { view: ShownTurn }) {
  return (
    <div class="items read">
      {view.items.map((item, place) => (
        <Message key={String(place)} item={item} />
      ))}
    </div>
  );
}

function Message({ item }: { item: ItemView }) {
  switch (item.kind) {
    case "user": {
      const { text, files } = splitAttachments(item.content ?? "");
      return (
        <div class="from-person">
          <p class="hint">
            {[item.speaker ?? "user", item.joined ? "joined the turn" : ""].filter(Boolean).join(" · ")}
          </p>
          <div class="bubble">{text}</div>
          <p class="hint">{files.map((file) => `${file.name} (${bytes(file.text.length)})`).join(", ")}</p>
        </div>
      );
    }
    case "reply":
      return <Reply reply={item} />;
    case "summary":
      return (
        <Details name="The earlier conversation was put into a summary">
          {() => <p class="plain">{item.text}</p>}
        </Details>
      );
    case "note":
      return <p class="hint plain">Longline to the model: {item.text}</p>;
  }
}
