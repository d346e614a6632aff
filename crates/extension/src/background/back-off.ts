/** How long a native host that did not start, or died, is left alone: a page in a loop must not start it in a loop. */

const FIRST_MS = 250;
const LONGEST_MS = 5_000;

export class BackOff {
  #failures = 0;
  #until = 0;

  /** Whether a start may be tried now. */
  permits(now: number): boolean {
    return now >= this.#until;
  }

  failed(now: number): void {
    this.#until = now + Math.min(FIRST_MS * 2 ** this.#failures, LONGEST_MS);
    this.#failures = Math.min(this.#failures + 1, 16);
  }

  succeeded(): void {
    this.#failures = 0;
    this.#until = 0;
  }
}
