/**
 * The ceremonies under way, in the browser's session storage: what a service worker that was stopped and woken again
 * needs in order to take them up. Content scripts cannot read it.
 */

import type { CeremonyRequest, Prompt } from '../protocol.ts';

export interface Pending {
  readonly id: number;
  readonly request: CeremonyRequest;
  /** Of the browser's proxy; absent where a page's script waits, whose port the stop has closed. */
  readonly requestId?: number;
  readonly deadline: number;
  /** The last that was shown, by the number that the window knows. */
  readonly prompt?: Prompt;
  readonly windowId?: number;
}

const PREFIX = 'ceremony:';

// One write after the other, so that a removal is never overtaken by an older save.
let writes: Promise<unknown> = Promise.resolve();

export function save(pending: Pending): void {
  later(() => chrome.storage.session.set({ [PREFIX + pending.id]: pending }));
}

export function remove(id: number): void {
  later(() => chrome.storage.session.remove(PREFIX + id));
}

/** One that fails, for want of room perhaps, stops none that comes after it. */
function later(write: () => Promise<unknown>): void {
  writes = writes.then(write).catch((error: unknown) => console.error('A ceremony was not stored:', error));
}

export async function all(): Promise<Pending[]> {
  const stored = await chrome.storage.session.get(null);
  return Object.keys(stored)
    .filter((key) => key.startsWith(PREFIX))
    .map((key) => stored[key] as Pending);
}
