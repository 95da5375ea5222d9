/** A channel as an app lists it: its name, its settings, how it receives messages and shows answers. A value that holds all it needs; nothing else of the library knows a channel by its name. */
import type { SettingDeclarations, SettingValues } from "../core/settings.ts";
import type { Address, Inbound, InboundRequest, Outlet } from "./channel.ts";
import { agentsIn, forAgent } from "./for-agent.ts";

/** What the app keeps for a channel. */
export interface ChannelHost {
  /** Tokens of the places, such as workspaces, that installed the app by themselves. */
  installs: {
    add(place: string, token: string): Promise<void>;
    token(place: string): Promise<string | undefined>;
    remove(place: string): Promise<void>;
  };
}

/** Why nothing can be shown at an address. `of`: what has to change, the app's code or the settings, which may come later. */
export interface AddressFault {
  of: "app" | "settings";
  detail: string;
}

/** `D`: what it declares of settings. `S`: what it makes of them. */
export interface ChannelDefinition<D extends SettingDeclarations, S> {
  /** Small letters, digits and `-`. Requests come to `/channels/<name>`, and addresses of answers name it. */
  name: string;
  settings: D;
  /** What its owner chose. `agent` in it answers what comes in, where the message's own place has none; every `agent` in it must be there at start. */
  rules?: { agent?: string };
  /** `undefined` while a required setting is missing: requests are refused then, and answers are not delivered. */
  configure(values: SettingValues<D>): S | undefined;
  /** The settings that are required, in words: `SLACK_SIGNING_SECRET (and SLACK_BOT_TOKEN)`. */
  needs: string;
  /** Checks who sent a `POST /channels/<name>`, and returns what it means. Throws an AppError for what it does not accept. */
  receive(request: InboundRequest, setup: S, host: ChannelHost): Promise<Inbound>;
  /** How answers get out. */
  outlet(setup: S, host: ChannelHost): Outlet;
  /** Pages by name, at `GET /channels/<name>/<page>`. */
  pages?: Readonly<Record<string, (request: Request, setup: S, host: ChannelHost) => Promise<Response>>>;
  /** Why nothing can be shown at that address of this channel with the current settings; then no turn is begun for it. */
  addressFault?(address: Address, setup: S | undefined): string | undefined;
  /** The same place for an answer that no message there has requested, such as a reminder: without what is valid for a short time only, such as the token of a request. Absent: such answers are not shown. */
  lastingAddress?(address: Address, atMs: number): Address;
}

/** A channel that an app can list. Made by `defineChannel`. */
export interface Channel {
  readonly name: string;
  readonly settings: SettingDeclarations;
  readonly needs: string;
  readonly pages: readonly string[];
  /** Names of the agents that its rules name. */
  readonly agents: readonly string[];
  /** `values`: what was read of its settings. */
  configure(values: Readonly<Record<string, unknown>>): ConfiguredChannel;
}

/** A channel with its settings. */
export interface ConfiguredChannel {
  /** `undefined` while it is not configured. */
  readonly works: WorkingChannel | undefined;
  addressFault(address: Address): string | undefined;
  /** `undefined` where the channel has none. */
  lastingAddress(address: Address, atMs: number): Address | undefined;
}

export interface WorkingChannel {
  receive(request: InboundRequest, host: ChannelHost): Promise<Inbound>;
  outlet(host: ChannelHost): Outlet;
  page(name: string, request: Request, host: ChannelHost): Promise<Response>;
}

/** `callback` and `webhooks` are paths and addresses of the library's own. */
const reserved = ["callback", "webhooks"];

/**
 * Makes a channel of its definition. Throws an Error for a name that cannot be one.
 *
 * @example
 * export const pager = () => defineChannel({ name: "pager", settings: { PAGER_KEY: { schema: z.string(), secret: true } }, … });
 */
export function defineChannel<const D extends SettingDeclarations, S>(definition: ChannelDefinition<D, S>): Channel {
  const { name, settings, needs, rules, pages = {} } = definition;
  if (!/^[a-z][a-z0-9-]{0,39}$/.test(name) || reserved.includes(name)) {
    throw new Error(
      `A channel's name must be 1 to 40 small letters, digits or "-", and not ${reserved.join(" or ")}; it was "${name}".`,
    );
  }
  const working = (setup: S): WorkingChannel => ({
    receive: async (request, host) => forAgent(await definition.receive(request, setup, host), rules?.agent),
    outlet: (host) => definition.outlet(setup, host),
    page: async (page, request, host) =>
      (await pages[page]?.(request, setup, host)) ?? new Response(null, { status: 404 }),
  });
  return {
    ...{ name, settings, needs },
    pages: Object.keys(pages),
    agents: agentsIn(rules),
    configure(values) {
      const setup = definition.configure(values as SettingValues<D>);
      return {
        works: setup === undefined ? undefined : working(setup),
        addressFault: (address) => definition.addressFault?.(address, setup),
        lastingAddress: (address, atMs) => definition.lastingAddress?.(address, atMs),
      };
    },
  };
}
