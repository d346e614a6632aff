import { NOT_ALLOWED } from '../dom-error.ts';
import type { Outcome } from '../background/outcome.ts';
import { PAGE_PORT, type BeginCeremony } from '../page-message.ts';
import type { Kind, OptionsJson } from '../protocol.ts';
import { sameOriginWithAncestors } from './permission.ts';

/** One ceremony at the worker, as long as a port of its own is open: its loss, by either side, ends it. */
export class CeremonyPort {
  readonly #port: chrome.runtime.Port | undefined;
  #ended: ((outcome: Outcome) => void) | undefined;

  constructor(kind: Kind, options: OptionsJson, ended: (outcome: Outcome) => void) {
    this.#ended = ended;
    try {
      this.#port = chrome.runtime.connect({ name: PAGE_PORT });
      this.#port.onMessage.addListener((outcome: Outcome) => this.#end(outcome));
      this.#port.onDisconnect.addListener(() => this.#end({ kind: 'error', error: NOT_ALLOWED }));
      const begin: BeginCeremony = { kind, options, sameOriginWithAncestors: sameOriginWithAncestors() };
      this.#port.postMessage(begin);
    } catch {
      // The extension was updated under a page that is still open.
      queueMicrotask(() => this.#end({ kind: 'error', error: NOT_ALLOWED }));
    }
  }

  /** Takes the request back; nothing more is heard of it. */
  close(): void {
    this.#ended = undefined;
    this.#port?.disconnect();
  }

  #end(outcome: Outcome): void {
    const ended = this.#ended;
    this.close();
    ended?.(outcome);
  }
}
