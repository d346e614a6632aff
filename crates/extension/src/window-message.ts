/** What the approval window and the service worker say to each other. The window's URL holds only the ceremony's id. */

import type { Prompt, Secret } from './protocol.ts';
import { Malformed, flag, oneOf, optional, record, text, whole } from './shape.ts';

/** The name of the port. */
export const WINDOW_PORT = 'window';

/** Who asks, as the browser says. */
export interface Asker {
  /** The RP id that is asked for; the agent's prompt has it too, except while the vault is locked. */
  readonly rpId: string;
  readonly origin: string;
  readonly crossOrigin: boolean;
  readonly topOrigin?: string;
}

export type ToWindow =
  | { readonly type: 'ask'; readonly asker: Asker; readonly prompt: Prompt; readonly deadline: number }
  | { readonly type: 'ended'; readonly message: string };

export type FromWindow =
  | ({ readonly type: 'approve'; readonly prompt: number; readonly account?: number; readonly bind?: true } & Secret)
  | { readonly type: 'deny' }
  | { readonly type: 'elsewhere' };

export function parseFromWindow(value: unknown): FromWindow {
  const message = record(value, 'the message');
  const type = oneOf(message['type'], 'type', ['approve', 'deny', 'elsewhere']);
  if (type !== 'approve') return { type };
  const secret = { ...optional(message, 'pin', text), ...optional(message, 'passphrase', text) };
  if ('pin' in secret && 'passphrase' in secret) throw new Malformed('there are two secrets');
  // Absent or true: what does not say so is synced.
  const bind = message['bind'] === undefined || !flag(message['bind'], 'bind') ? {} : { bind: true as const };
  return { type, prompt: whole(message['prompt'], 'prompt'), ...optional(message, 'account', whole), ...bind, ...secret };
}

/** The ceremony's id in a window's URL. */
export function ceremonyIn(url: string): number | undefined {
  const id = /^#(\d{1,10})$/.exec(new URL(url).hash)?.[1];
  return id === undefined ? undefined : Number(id);
}
