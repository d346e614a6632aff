/** What the popup and the service worker say to each other. */

import type { AgentError, Status } from './protocol.ts';
import { oneOf, record, text } from './shape.ts';

export type FromPopup =
  { readonly type: 'status' } | { readonly type: 'lock' } | { readonly type: 'unlock'; readonly passphrase: string };

export function parseFromPopup(value: unknown): FromPopup {
  const message = record(value, 'the message');
  const type = oneOf(message['type'], 'type', ['status', 'lock', 'unlock']);
  return type === 'unlock' ? { type, passphrase: text(message['passphrase'], 'passphrase') } : { type };
}

export interface ToPopup {
  readonly agent: Status | Pick<AgentError, 'type' | 'code' | 'message'>;
  /** Pages reach other authenticators for the moment. */
  readonly elsewhere: boolean;
  /** Why the browser did not let this extension be its authenticator. */
  readonly refused?: string;
}
