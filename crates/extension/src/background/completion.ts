import type { DomError } from '../dom-error.ts';
import type { Deliver, Outcome } from './outcome.ts';

const NOT_TAKEN: DomError = { name: 'UnknownError', message: 'The answer of the authenticator was not taken.' };

/** The one answer that a request gets: the first outcome counts, and one that is not taken becomes an error. */
export class Completion {
  #done = false;
  readonly #deliver: Deliver;

  constructor(deliver: Deliver) {
    this.#deliver = deliver;
  }

  get done(): boolean {
    return this.#done;
  }

  /** Tells whether it was this outcome that the request got. */
  async complete(outcome: Outcome): Promise<boolean> {
    if (this.#done) return false;
    this.#done = true;
    try {
      await this.#deliver(outcome);
      return true;
    } catch (error) {
      console.error('An outcome was not taken:', error);
    }
    // The browser leaves a request open that it could not complete.
    await this.#deliver({ kind: 'error', error: NOT_TAKEN }).catch(() => undefined);
    return false;
  }

  /** Nobody waits any more. */
  drop(): void {
    this.#done = true;
  }
}
