/** The ceremonies under way, each with its own window, and the ends of those that a stopped worker left behind. */

import { NOT_ALLOWED } from '../dom-error.ts';
import { ceremonyIn, parseFromWindow } from '../window-message.ts';
import { closeWindow } from './approval-window.ts';
import { Ceremony, type Begin } from './ceremony.ts';
import { Completion } from './completion.ts';
import * as pending from './pending.ts';
import { proxyDelivery } from './proxy-delivery.ts';

const INTERRUPTED =
  'The browser stopped Keyfold while it waited for you. The page has been told that nothing was approved. ' +
  'Go back to it and try again.';

export class Ceremonies {
  readonly #ceremonies = new Map<number, Ceremony>();
  readonly #elsewhere: () => void;
  readonly #left: Promise<void>;

  /** `elsewhere` lets the page's next try reach another authenticator. */
  constructor(elsewhere: () => void) {
    this.#elsewhere = elsewhere;
    this.#left = this.#endThoseLeft();
  }

  /** Whether requests of the browser's proxy wait for an answer, which it would lose if it were detached. */
  get proxied(): boolean {
    return [...this.#ceremonies.values()].some(({ done, requestId }) => !done && requestId !== undefined);
  }

  begin(begin: Omit<Begin, 'mayTell'>): Ceremony {
    const ceremony = new Ceremony({
      ...begin,
      // A page that tries in a loop must not open windows in a loop.
      mayTell: () => ![...this.#ceremonies.values()].some(({ done, window }) => done && window.opened),
      ended: (outcome) => {
        if (!ceremony.window.opened) this.#ceremonies.delete(ceremony.id);
        begin.ended(outcome);
        if (outcome?.kind === 'elsewhere') this.#elsewhere();
      },
    });
    this.#ceremonies.set(ceremony.id, ceremony);
    return ceremony;
  }

  byRequest(requestId: number): Ceremony | undefined {
    return [...this.#ceremonies.values()].find((ceremony) => ceremony.requestId === requestId);
  }

  /** A port of an approval window; the caller has made sure that it is one. */
  windowConnected(port: chrome.runtime.Port): void {
    const id = ceremonyIn(port.sender?.url ?? '');
    const ceremony = id === undefined ? undefined : this.#ceremonies.get(id);
    port.onMessage.addListener((given: unknown) => {
      const message = parseFromWindow(given);
      if (ceremony !== undefined && !ceremony.done) return ceremony.decided(message);
      // What is over cannot be approved; the window says so, and stays until it is closed.
      if (message.type === 'approve') return;
      if (message.type === 'elsewhere') this.#elsewhere();
      if (port.sender?.tab?.windowId !== undefined) void closeWindow(port.sender.tab.windowId);
    });
    if (ceremony !== undefined) return ceremony.window.connected(port);
    // The worker was stopped: the window is told once its request has been completed.
    void this.#left.then(() => port.postMessage({ type: 'ended', message: INTERRUPTED }));
  }

  windowRemoved(windowId: number): void {
    for (const [id, ceremony] of this.#ceremonies) {
      if (ceremony.window.id !== windowId) continue;
      this.#ceremonies.delete(id);
      ceremony.denied();
    }
  }

  async #endThoseLeft(): Promise<void> {
    for (const { id, kind, requestId } of await pending.all()) {
      if (this.#ceremonies.has(id)) continue;
      if (requestId !== undefined) {
        const completion = new Completion(proxyDelivery(kind, requestId));
        await completion.complete({ kind: 'error', error: NOT_ALLOWED });
      }
      pending.remove(id);
    }
  }
}
