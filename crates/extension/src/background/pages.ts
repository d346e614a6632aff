/** Requests of a page's scripts: autofill and signals, which Chromium's proxy never sees, and in Firefox all. */

import { NOT_ALLOWED, type DomError } from '../dom-error.ts';
import { PAGE_PORT, parseBeginCeremony, parseFromBridge, type BeginCeremony } from '../page-message.ts';
import type { OptionsJson, Signal } from '../protocol.ts';
import type { Agent } from './agent.ts';
import * as autofill from './autofill.ts';
import { authenticatorIsThere } from './availability.ts';
import type { Ceremonies } from './ceremonies.ts';
import type { Ceremony } from './ceremony.ts';
import type { Elsewhere } from './elsewhere.ts';
import type { Deliver } from './outcome.ts';
import { pageSender, type PageSender } from './page-sender.ts';
import { isForeign, isRelatedOrigin } from './related-origins.ts';

const CANDIDATES_WITHIN_MS = 5_000;
const SIGNAL_WITHIN_MS = 15_000;

export class Pages {
  readonly #agent: Agent;
  readonly #ceremonies: Ceremonies;
  readonly #elsewhere: Elsewhere;

  constructor(agent: Agent, ceremonies: Ceremonies, elsewhere: Elsewhere) {
    this.#agent = agent;
    this.#ceremonies = ceremonies;
    this.#elsewhere = elsewhere;
  }

  /** Answers a message of a bridge. */
  async answer(given: unknown, sender: chrome.runtime.MessageSender): Promise<unknown> {
    const page = pageSender(sender, false);
    if (page === undefined) return undefined;
    const message = parseFromBridge(given);
    switch (message.type) {
      case 'candidates':
        return this.#candidates(page, message.options);
      case 'no-longer-waiting':
        return autofill.unmark(page);
      case 'available':
        return !this.#elsewhere.active && (await authenticatorIsThere(this.#agent));
      case 'signal':
        return this.#signal(page, message.signal, message.options);
    }
  }

  /** A port on which a page's script will wait for one ceremony. */
  connected(port: chrome.runtime.Port): void {
    if (port.name !== PAGE_PORT) return port.disconnect();
    let ceremony: Ceremony | undefined;
    let begun = false;
    let gone = false;
    port.onDisconnect.addListener(() => {
      gone = true;
      ceremony?.aborted();
    });
    const begin = async (given: unknown): Promise<void> => {
      const asked = parseBeginCeremony(given);
      const page = pageSender(port.sender, asked.sameOriginWithAncestors);
      if (page === undefined || begun) return port.disconnect();
      begun = true;
      ceremony = await this.#begin(page, asked, deliverTo(port));
      if (gone) ceremony?.aborted();
    };
    port.onMessage.addListener((given: unknown) => {
      // A page never waits for an answer that cannot come.
      begin(given).catch(() => port.disconnect());
    });
  }

  async #begin(page: PageSender, { kind, options }: BeginCeremony, deliver: Deliver): Promise<Ceremony | undefined> {
    if (this.#elsewhere.active) {
      await deliver({ kind: 'elsewhere' });
      return undefined;
    }
    const { origin, crossOrigin, topOrigin } = page;
    const rpIdChecked = await isCheckedHere(kind === 'get' ? options['rpId'] : rpIn(options), origin);
    const top = topOrigin === undefined ? {} : { topOrigin };
    return this.#ceremonies.begin({
      request: { kind, origin, crossOrigin, ...top, rpIdChecked, options },
      deliver,
    });
  }

  /** How many passkeys could sign in, and no more: their names are for the window alone. */
  async #candidates(page: PageSender, options: OptionsJson): Promise<number> {
    if (this.#elsewhere.active) return 0;
    const { origin } = page;
    const rpIdChecked = await isCheckedHere(options['rpId'], origin);
    const asked = { type: 'candidates' as const, origin, rpIdChecked, options };
    const answer = await this.#agent.askOnce(asked, CANDIDATES_WITHIN_MS);
    const count = answer.type === 'candidates' ? answer.accounts.length : 0;
    if (count > 0) await autofill.mark(page, count);
    return count;
  }

  async #signal({ origin }: PageSender, signal: Signal, options: OptionsJson): Promise<DomError | null> {
    const rpIdChecked = await isCheckedHere(options['rpId'], origin);
    const asked = { type: 'signal' as const, origin, rpIdChecked, signal, options };
    const answer = await this.#agent.askOnce(asked, SIGNAL_WITHIN_MS);
    // A page learns what is wrong with its call, and not whether there is an agent or a passkey.
    return answer.type === 'error' && answer.code === 'bad-request' ? { ...NOT_ALLOWED, name: answer.name } : null;
  }
}

/** The agent holds an RP id against its origin's own domain itself; only a related origin is looked up here. */
async function isCheckedHere(rpId: unknown, origin: string): Promise<boolean> {
  return typeof rpId === 'string' && isForeign(rpId, origin) && (await isRelatedOrigin(rpId, origin));
}

function rpIn(options: OptionsJson): unknown {
  return (options['rp'] as { id?: unknown } | null | undefined)?.id;
}

function deliverTo(port: chrome.runtime.Port): Deliver {
  return async (outcome) => {
    port.postMessage(outcome);
  };
}
