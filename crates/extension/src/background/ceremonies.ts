/** The ceremonies under way, each with its own window; those that a stopped worker left behind are taken up again. */

import { NOT_ALLOWED } from '../dom-error.ts';
import { ceremonyIn, parseFromWindow, type FromWindow } from '../window-message.ts';
import type { Agent } from './agent.ts';
import { closeWindow } from './approval-window.ts';
import { Ceremony, type Begin } from './ceremony.ts';
import { Completion } from './completion.ts';
import type { Pending } from './pending.ts';
import * as pending from './pending.ts';
import { proxyDelivery } from './proxy-delivery.ts';

const INTERRUPTED =
  'The browser stopped Keyfold while it waited for you. The page has been told that nothing was approved. ' +
  'Go back to it and try again.';

/** Who hears of ceremonies that end. */
export interface Ends {
  /** The page's next try is to reach another authenticator. */
  elsewhere(): void;
  /** One has ended. */
  ended(): void;
}

export class Ceremonies {
  readonly #ceremonies = new Map<number, Ceremony>();
  readonly #agent: Agent;
  readonly #ends: Ends;
  readonly #left: Promise<void>;

  constructor(agent: Agent, ends: Ends) {
    this.#agent = agent;
    this.#ends = ends;
    this.#left = this.#takeUpThoseLeft();
  }

  /** Whether requests of the browser's proxy wait for an answer, which it would lose if it were detached. */
  get proxied(): boolean {
    return [...this.#ceremonies.values()].some(({ done, requestId }) => !done && requestId !== undefined);
  }

  begin(begin: Omit<Begin, 'agent' | 'mayTell' | 'ended'>): Ceremony {
    const ceremony = new Ceremony({
      ...begin,
      agent: this.#agent,
      // A page that tries in a loop must not open windows in a loop.
      mayTell: () => ![...this.#ceremonies.values()].some(({ done, window }) => done && window.opened),
      ended: (outcome) => {
        if (!ceremony.window.opened) this.#ceremonies.delete(ceremony.id);
        this.#ends.ended();
        if (outcome?.kind === 'elsewhere') this.#ends.elsewhere();
      },
    });
    this.#ceremonies.set(ceremony.id, ceremony);
    return ceremony;
  }

  /** The page of a proxied request took it back. */
  async cancelled(requestId: number): Promise<void> {
    await this.#left;
    [...this.#ceremonies.values()].find((ceremony) => ceremony.requestId === requestId)?.aborted();
  }

  /** A port of an approval window; the caller has made sure that it is one. */
  windowConnected(port: chrome.runtime.Port): void {
    const id = ceremonyIn(port.sender?.url ?? '');
    // What a stopped worker left is taken up before the window is told how things stand.
    const ceremony = this.#left.then(() => (id === undefined ? undefined : this.#ceremonies.get(id)));
    port.onMessage.addListener((given: unknown) => {
      const message = parseFromWindow(given);
      void ceremony.then((ceremony) => this.#decided(message, ceremony, port.sender?.tab?.windowId));
    });
    void ceremony.then((ceremony) => {
      if (ceremony === undefined) port.postMessage({ type: 'ended', message: INTERRUPTED });
      else ceremony.window.connected(port);
    });
  }

  async windowRemoved(windowId: number): Promise<void> {
    await this.#left;
    for (const [id, ceremony] of this.#ceremonies) {
      if (ceremony.window.id !== windowId) continue;
      this.#ceremonies.delete(id);
      ceremony.denied();
    }
  }

  #decided(message: FromWindow, ceremony: Ceremony | undefined, windowId: number | undefined): void {
    if (ceremony !== undefined && !ceremony.done) return ceremony.decided(message);
    // What is over cannot be approved; the window says so, and stays until it is closed.
    if (message.type === 'approve') return;
    if (message.type === 'elsewhere') this.#ends.elsewhere();
    if (windowId !== undefined) void closeWindow(windowId);
  }

  async #takeUpThoseLeft(): Promise<void> {
    for (const left of await pending.all()) {
      if (this.#ceremonies.has(left.id)) continue;
      const { request, requestId } = left;
      // A page's script has heard of the stop, for its port was closed.
      if (requestId === undefined) pending.remove(left.id);
      else if (await isOpen(left)) this.begin({ request, deliver: proxyDelivery(request.kind, requestId), requestId, left });
      else await this.#end(left, requestId);
    }
  }

  async #end({ id, request, prompt }: Pending, requestId: number): Promise<void> {
    const completion = new Completion(proxyDelivery(request.kind, requestId));
    await completion.complete({ kind: 'error', error: NOT_ALLOWED });
    pending.remove(id);
    if (prompt?.action === 'report-no-passkey') this.#ends.elsewhere();
  }
}

/** Whether somebody may still answer. */
async function isOpen({ deadline, windowId }: Pending): Promise<boolean> {
  if (deadline <= Date.now()) return false;
  if (windowId === undefined) return true;
  return chrome.windows.get(windowId).then(
    () => true,
    () => false,
  );
}
