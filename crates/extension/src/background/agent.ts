/**
 * The agent, through one native port that is opened when a request needs it.
 * An open port keeps the service worker alive; it is closed some time after the last request, so that the worker can rest.
 */

import { parseAgentMessage } from '../agent-message.ts';
import identity from '../../identity.json';
import { PROTOCOL, type AgentError, type Answer, type Asked, type Code, type ToAgent } from '../protocol.ts';
import { BackOff } from './back-off.ts';
import { drawId } from './request-id.ts';

const REST_AFTER_MS = 60_000;

export type Listener = (answer: Answer) => void;

export class Agent {
  #port: chrome.runtime.Port | undefined;
  #heard = false;
  #whyNot: Code = 'no-host';
  readonly #backOff = new BackOff();
  readonly #listeners = new Map<number, Listener>();
  #rest: ReturnType<typeof setTimeout> | undefined;

  /** Asks and hears every answer, until one of them ends it. The port's loss is heard as an `error`. */
  ask(asked: Asked, listener: Listener, id = drawId(this.#listeners)): number {
    this.#listeners.set(id, listener);
    clearTimeout(this.#rest);
    const message = { ...asked, id } as ToAgent;
    if (!this.#send(message)) queueMicrotask(() => this.#answer(failure(id, this.#whyNot)));
    return id;
  }

  /** Asks for one answer, within a time. */
  askOnce(asked: Asked, withinMs: number): Promise<Answer> {
    return new Promise((resolve) => {
      const id = this.ask(asked, (answer) => {
        clearTimeout(late);
        this.#forget(id);
        resolve(answer);
      });
      const late = setTimeout(() => {
        this.#forget(id);
        resolve(failure(id, 'timed-out'));
      }, withinMs);
    });
  }

  /** Says something more about a request that is under way; where there is no port its listener has heard so. */
  say(message: Extract<ToAgent, { type: 'answer' | 'cancel' }>): void {
    if (this.#port !== undefined) this.#send(message);
  }

  /** Takes a request back; nothing more is heard of it. */
  cancel(id: number): void {
    this.say({ type: 'cancel', id });
    this.#forget(id);
  }

  #send(message: ToAgent): boolean {
    try {
      this.#open()?.postMessage(message);
      return this.#port !== undefined;
    } catch {
      // The port died between two events, and `onDisconnect` has yet to say so.
      this.#lost('no-agent');
      return false;
    }
  }

  #open(): chrome.runtime.Port | undefined {
    if (this.#port !== undefined || !this.#backOff.permits(Date.now())) return this.#port;
    const port = chrome.runtime.connectNative(identity.nativeHost);
    this.#port = port;
    this.#heard = false;
    port.onMessage.addListener((message: unknown) => this.#hear(message));
    port.onDisconnect.addListener(() => {
      const error = chrome.runtime.lastError ?? (port as { error?: { message?: string } }).error;
      if (this.#port === port) this.#lost(this.#heard ? 'no-agent' : whyNotStarted(error?.message));
    });
    port.postMessage({ type: 'hello', protocol: PROTOCOL, extension: VERSION } satisfies ToAgent);
    return port;
  }

  #hear(message: unknown): void {
    this.#heard = true;
    this.#backOff.succeeded();
    let answer;
    try {
      answer = parseAgentMessage(message);
    } catch (error) {
      const id = (message as { id?: unknown } | null)?.id;
      console.error('The agent sent what is none of its messages:', error);
      if (typeof id === 'number') this.#answer(failure(id, 'failed'));
      return;
    }
    if (answer.type !== 'hello') return this.#answer(answer);
    if (answer.protocol !== PROTOCOL) this.#lost('failed');
  }

  #answer(answer: Answer): void {
    const listener = this.#listeners.get(answer.id);
    if (answer.type !== 'prompt') this.#forget(answer.id);
    if (listener !== undefined) return listener(answer);
    // What is not listened for was cancelled, or ended by its timer: a passkey that was made meanwhile no page gets.
    if (answer.type === 'result') this.say({ type: 'cancel', id: answer.id });
  }

  #lost(code: Code): void {
    const port = this.#port;
    this.#port = undefined;
    this.#whyNot = code;
    this.#backOff.failed(Date.now());
    port?.disconnect();
    const unanswered = [...this.#listeners.keys()];
    // Later, since this may be in the midst of an `ask`, whose caller has yet to learn its id.
    queueMicrotask(() => unanswered.forEach((id) => this.#answer(failure(id, code))));
  }

  #forget(id: number): void {
    this.#listeners.delete(id);
    clearTimeout(this.#rest);
    if (this.#listeners.size > 0) return;
    this.#rest = setTimeout(() => {
      this.#port?.disconnect();
      this.#port = undefined;
    }, REST_AFTER_MS);
  }
}

function whyNotStarted(message = ''): Code {
  return /not found|forbidden|No such native application/i.test(message) ? 'no-host' : 'no-agent';
}

function failure(id: number, code: Code): AgentError {
  return {
    type: 'error',
    id,
    name: 'NotAllowedError',
    code,
    message: MESSAGES[code] ?? 'The request came to nothing.',
  };
}

const MESSAGES: Partial<Record<Code, string>> = {
  'no-agent': 'Keyfold’s agent does not answer. Start it with: keyfold agent',
  'no-host': 'The browser cannot reach Keyfold. Install its native host with: keyfold browser install',
  'timed-out': 'Keyfold’s agent did not answer in time.',
  failed: 'This extension and Keyfold’s agent do not understand each other. Bring both to the same version.',
};
