/** WHAT a door is: paths that callers use, with everything they need. An app lists the ones it wants; the native one is always there. */
import type { App, DoorPart } from "../agent/app.ts";
import type { CallbackFeature, DeliveryFeature } from "../agent/delivery-feature.ts";
import type { HistoryFeature } from "../agent/history-feature.ts";
import type { SettingDeclarations, SettingValues } from "../core/settings.ts";
import type { Bindings } from "../env.ts";
import type { AccountJob, AccountJobHost } from "../observe/telemetry.ts";
import type { CopyingClass } from "../session/store/copying.ts";
import type { Encoders } from "../wire/manner.ts";
import type { MessageSchemas } from "./message-schemas.ts";
import type { Operation } from "./operation.ts";
import type { Routes } from "./routes.ts";

/** Where a group of routes is. */
export type DoorRoute = readonly [path: string, routes: Routes];

/** Operations by `METHOD /path/{name}`. */
export type Operations = Readonly<Record<string, Operation>>;

/** How a refusal is worded under paths that have no route: those that have one word it themselves (`Routes`). */
export interface Refusals {
  /** Against the path of the URL. */
  paths: RegExp;
  response(error: unknown): Response;
}

export interface DoorDefinition<D extends SettingDeclarations> {
  /** An app lists a name once. */
  name: string;
  settings?: D;
  /** Its routes, with what was read of its settings. */
  routes(values: SettingValues<D>, app: App): readonly DoorRoute[];
  /** Throws an Error, which stops the Worker at its start, for an app that it cannot serve. */
  check?(app: App, bindings: Bindings): void;
  /** Paths, as Hono writes them, that need a key and may be called by pages of `ALLOWED_ORIGINS`. Those under `/v1/` need no mention. */
  guards?: readonly string[];
  /** Response headers that pages may read. */
  exposes?: readonly string[];
  /** How its answers are streamed, by the manners that its routes name. */
  encoders?: Encoders;
  refusals?: Refusals;
  /** The descriptions of its calls, made when the OpenAPI document is first asked for. */
  operations?: () => Operations | Promise<Operations>;
  /** For a door whose requests hold JSON schemas: messages of the native door may hold them, too. */
  schemas?: MessageSchemas;
  /** For a door whose answers get out by other ways than its own. */
  deliveries?: DeliveryFeature;
  callbacks?: CallbackFeature;
  /** For a door whose clients send the whole conversation with each message. */
  history?: HistoryFeature;
  /** For a door that makes sessions from entries: `Copying`. */
  copying?: CopyingClass;
  /** Work that it has the object of each account do beside requests. */
  accountJob?(host: AccountJobHost, bindings: Bindings, app: App): AccountJob;
  /** Its calls are a part of the native door's, so it is not named among the doors by which an agent is reached. */
  isNative?: boolean;
}

/** A door that an app can list. Made by `defineDoor`. */
export interface Door extends DoorPart {
  routes(values: Readonly<Record<string, unknown>>, app: App): readonly DoorRoute[];
  check?(app: App, bindings: Bindings): void;
  readonly guards: readonly string[];
  readonly exposes: readonly string[];
  readonly refusals?: Refusals;
  readonly schemas?: MessageSchemas;
  readonly copying?: CopyingClass;
  operations(): Promise<Operations>;
}

/**
 * Makes a door of its definition. Throws an Error for a name that cannot be one.
 *
 * @example
 * export const ping = () => defineDoor({ name: "ping", routes: () => [["/ping", new Routes().get("/", "everyone", (c) => c.text("pong"))]] });
 */
export function defineDoor<const D extends SettingDeclarations>(definition: DoorDefinition<D>): Door {
  const { name, operations } = definition;
  if (!/^[a-z][A-Za-z0-9-]{0,39}$/.test(name))
    throw new Error(
      `A door's name must begin with a small letter, and have at most 40 letters, digits or "-"; it was "${name}".`,
    );
  return {
    ...{ settings: {}, guards: [], exposes: [], encoders: {}, isNative: false },
    ...definition,
    routes: (values, app) => definition.routes(values as SettingValues<D>, app),
    operations: async () => (await operations?.()) ?? {},
  };
}
