/**
 * The time in which pages reach other authenticators: no request can be handed back to the browser, so the proxy is
 * detached and the person tries again on the page.
 */

const FOR_MS = 60_000;
/** Calls of an extension API keep a service worker alive, which would otherwise rest before it attaches again. */
const AWAKE_EVERY_MS = 20_000;
const KEY = 'elsewhereUntil';

/** What is detached; Firefox has none. */
export interface Proxy {
  attach(): Promise<string | undefined>;
  detach(): Promise<string | undefined>;
}

export class Elsewhere {
  readonly #proxy: Proxy | undefined;
  readonly #mayDetach: () => boolean;
  #until = 0;
  #wanted = false;
  #refused: string | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #awake: ReturnType<typeof setInterval> | undefined;

  constructor(proxy: Proxy | undefined, mayDetach: () => boolean) {
    this.#proxy = proxy;
    this.#mayDetach = mayDetach;
  }

  get active(): boolean {
    return Date.now() < this.#until;
  }

  /** Why the browser did not let this extension be its authenticator. */
  get refused(): string | undefined {
    return this.#refused;
  }

  /** The worker woke: takes up what was so before it rested. */
  async resume(): Promise<void> {
    const { [KEY]: until } = await chrome.storage.session.get(KEY);
    if (typeof until === 'number' && until > this.#until) this.#until = until;
    if (this.active) this.#waitUntilItEnds();
    else await this.#attach();
  }

  begin(): void {
    this.#wanted = true;
    this.ceremonyEnded();
  }

  /** Detaching would fail the requests that other windows still ask about, so it waits for them. */
  ceremonyEnded(): void {
    if (!this.#wanted || !this.#mayDetach()) return;
    this.#wanted = false;
    this.#until = Date.now() + FOR_MS;
    void chrome.storage.session.set({ [KEY]: this.#until });
    void this.#proxy?.detach();
    this.#waitUntilItEnds();
  }

  #waitUntilItEnds(): void {
    clearTimeout(this.#timer);
    clearInterval(this.#awake);
    this.#timer = setTimeout(() => {
      clearInterval(this.#awake);
      void this.#attach();
    }, this.#until - Date.now());
    this.#awake = setInterval(() => void chrome.storage.session.get(KEY), AWAKE_EVERY_MS);
  }

  async #attach(): Promise<void> {
    this.#refused = await this.#proxy?.attach();
  }
}
