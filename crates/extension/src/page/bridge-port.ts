/** The page's end of the port to the bridge: calls go out numbered, and each gets one reply. */

import type { DomError } from '../dom-error.ts';
import type { FromMain, Reply } from '../page-message.ts';
import { ErrorOfPage, TypeErrorOfPage, bare, dataOf, listen, parse, post, startPort, stringify } from './primitives.ts';

type Call = FromMain extends infer M ? (M extends FromMain ? Omit<M, 'call'> : never) : never;

export class BridgePort {
  readonly #port: MessagePort;
  readonly #waiting = bare<Record<number, (reply: Reply) => void>>({});
  #calls = 0;

  constructor(port: MessagePort) {
    this.#port = port;
    listen(port, 'message', (event) => {
      const reply = parse(dataOf(event) as string) as Reply;
      const hear = this.#waiting[reply.call];
      delete this.#waiting[reply.call];
      hear?.(reply);
    });
    startPort(port);
  }

  /** Asks, and hears the reply. Gives the number of the call. */
  ask(message: Call, hear: (reply: Reply) => void): number {
    this.#calls += 1;
    this.#waiting[this.#calls] = hear;
    post(this.#port, stringify(bare({ call: this.#calls, ...message })));
    return this.#calls;
  }

  /** Takes a call back: nothing more is heard of it. */
  abort(call: number): void {
    delete this.#waiting[call];
    post(this.#port, stringify(bare({ call, do: 'abort' })));
  }
}

/** The error as a page expects it: a wrong argument is a TypeError, all else a DOMException. */
export function errorOf({ name, message }: DomError): Error {
  return name === 'TypeError' ? new TypeErrorOfPage(message) : new ErrorOfPage(message, name);
}
