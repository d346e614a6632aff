/** What a page's scripts and the service worker say to each other: `page/main.ts` ↔ `page/bridge.ts` ↔ worker. */

import type { DomError } from './dom-error.ts';
import type { CredentialJson } from './credential-json.ts';
import { MOST_OPTIONS, SIGNALS, type Kind, type OptionsJson, type Signal } from './protocol.ts';
import { Malformed, flag, oneOf, record, text, whole } from './shape.ts';

/** The name of the port on which a page's script waits for a ceremony. */
export const PAGE_PORT = 'page';

/** From the page's world to the bridge, as JSON. `call` is drawn by the page's script. */
export type FromMain =
  | { readonly call: number; readonly do: 'create' | 'get' | 'conditional'; readonly options: OptionsJson }
  | { readonly call: number; readonly do: 'signal'; readonly signal: Signal; readonly options: OptionsJson }
  | { readonly call: number; readonly do: 'available' }
  | { readonly call: number; readonly do: 'abort' };

export function parseFromMain(json: unknown): FromMain {
  const message = record(JSON.parse(text(json, 'the message', MOST_OPTIONS + 1_000)), 'the message');
  const call = whole(message['call'], 'call');
  const action = oneOf(message['do'], 'do', ['create', 'get', 'conditional', 'signal', 'available', 'abort']);
  switch (action) {
    case 'abort':
    case 'available':
      return { call, do: action };
    case 'signal':
      return { call, do: action, signal: oneOf(message['signal'], 'signal', SIGNALS), options: options(message) };
    default:
      return { call, do: action, options: options(message) };
  }
}

/** The number of a call that is refused for what else it holds. */
export function callIn(json: unknown): number {
  return whole(record(JSON.parse(String(json)), 'the message')['call'], 'call');
}

/** From the bridge to the page's world, as JSON. */
export type Reply = { readonly call: number } & (
  | { readonly kind: 'response'; readonly response: CredentialJson }
  | { readonly kind: 'error'; readonly error: DomError }
  | { readonly kind: 'elsewhere' }
  | { readonly kind: 'done' }
  | { readonly kind: 'available'; readonly available: boolean }
);

/** From the bridge to the worker, each in a message of its own. */
export type FromBridge =
  | { readonly type: 'candidates'; readonly options: OptionsJson }
  | { readonly type: 'no-longer-waiting' }
  | { readonly type: 'available' }
  | { readonly type: 'signal'; readonly signal: Signal; readonly options: OptionsJson };

export function parseFromBridge(value: unknown): FromBridge {
  const message = record(value, 'the message');
  const type = oneOf(message['type'], 'type', ['candidates', 'no-longer-waiting', 'available', 'signal']);
  switch (type) {
    case 'candidates':
      return { type, options: options(message) };
    case 'signal':
      return { type, signal: oneOf(message['signal'], 'signal', SIGNALS), options: options(message) };
    default:
      return { type };
  }
}

/** From the bridge on a port of its own, which it closes when the page takes the request back. */
export interface BeginCeremony {
  readonly kind: Kind;
  readonly sameOriginWithAncestors: boolean;
  readonly options: OptionsJson;
}

export function parseBeginCeremony(value: unknown): BeginCeremony {
  const message = record(value, 'the message');
  return {
    kind: oneOf(message['kind'], 'kind', ['create', 'get']),
    sameOriginWithAncestors: flag(message['sameOriginWithAncestors'], 'sameOriginWithAncestors'),
    options: options(message),
  };
}

/** From the worker to the bridge of a frame that waits for autofill: the person clicked the toolbar button. */
export const TOOLBAR_CLICKED = 'toolbar-clicked';

function options(message: Record<string, unknown>): OptionsJson {
  const given = record(message['options'], 'options');
  if (JSON.stringify(given).length > MOST_OPTIONS)
    throw new Malformed(`the options are over ${MOST_OPTIONS} characters long`);
  return given;
}
