/** A conditional get: it waits, without a word to the page, until the person picks a passkey or the page aborts. */

import type { Outcome } from '../background/outcome.ts';
import type { DomError } from '../dom-error.ts';
import type { OptionsJson } from '../protocol.ts';
import { CeremonyPort } from './ceremony-port.ts';
import { watchSignInFields } from './sign-in-field.ts';
import { askWorker } from './worker.ts';

const REPLACED: DomError = { name: 'AbortError', message: 'A newer request took the place of this one.' };

export class AutofillWait {
  readonly call: number;
  readonly #options: OptionsJson;
  readonly #ended: (outcome: Outcome) => void;
  readonly #unwatch: () => void;
  #candidates: Promise<number>;
  #ceremony: CeremonyPort | undefined;
  #over = false;

  constructor(call: number, options: OptionsJson, ended: (outcome: Outcome) => void) {
    this.call = call;
    this.#options = options;
    this.#ended = ended;
    this.#candidates = this.#ask();
    this.#unwatch = watchSignInFields(() => void this.turnedTo());
  }

  /** The person turned to a field for passkeys, or clicked the toolbar button. */
  async turnedTo(): Promise<void> {
    // There may be some by now: another device made one, or the vault was unlocked.
    if ((await this.#candidates) === 0) this.#candidates = this.#ask();
    if ((await this.#candidates) === 0 || this.#over || this.#ceremony !== undefined) return;
    this.#ceremony = new CeremonyPort('get', this.#options, (outcome) => this.#heard(outcome));
  }

  /** Another conditional get of the page came. */
  replaced(): void {
    this.stop();
    this.#ended({ kind: 'error', error: REPLACED });
  }

  stop(): void {
    this.#over = true;
    this.#unwatch();
    this.#ceremony?.close();
    this.unmark();
  }

  /** Takes the mark off the toolbar button. */
  unmark(): void {
    void askWorker({ type: 'no-longer-waiting' });
  }

  /** Whoever closes the window can still sign in another way, or turn to the field again: the page is not told. */
  #heard(outcome: Outcome): void {
    this.#ceremony = undefined;
    if (outcome.kind !== 'response') return;
    this.stop();
    this.#ended(outcome);
  }

  async #ask(): Promise<number> {
    const candidates = (await askWorker({ type: 'candidates', options: this.#options })) ?? 0;
    // Whoever stopped meanwhile took the mark off before it was put there.
    if (this.#over) this.unmark();
    return candidates;
  }
}
