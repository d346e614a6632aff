/** One request of a page, from the agent's first word to the one answer that the request gets. */

import { NOT_ALLOWED } from '../dom-error.ts';
import { parseCredential, type CredentialJson } from '../credential-json.ts';
import { asksTheSame, type AgentError, type Answer, type CeremonyRequest, type Code, type Prompt } from '../protocol.ts';
import type { Asker, FromWindow } from '../window-message.ts';
import type { Agent } from './agent.ts';
import { ApprovalWindow } from './approval-window.ts';
import { Completion } from './completion.ts';
import type { Deliver, Outcome } from './outcome.ts';
import * as pending from './pending.ts';
import type { Pending } from './pending.ts';
import { timeLimit } from './time-limit.ts';

/** A worker is not stopped as soon as this after an event. */
const SAVED_AFTER_MS = 50;

type Approval = Extract<FromWindow, { type: 'approve' }>;

export interface Begin {
  readonly agent: Agent;
  readonly request: CeremonyRequest;
  readonly deliver: Deliver;
  /** Of the browser's proxy, if that is who asks. */
  readonly requestId?: number;
  /** What a worker that was stopped had come to. The agent's side went with its port, so it is asked again. */
  readonly left?: Pending;
  /** Whether a window may be opened only to tell the person why it came to nothing. */
  readonly mayTell: () => boolean;
  /** The request has got its answer. */
  readonly ended: (outcome?: Outcome) => void;
}

export class Ceremony {
  readonly id: number;
  readonly requestId: number | undefined;
  readonly window: ApprovalWindow;
  readonly #agent: Agent;
  readonly #request: CeremonyRequest;
  readonly #completion: Completion;
  readonly #mayTell: () => boolean;
  readonly #ended: (outcome?: Outcome) => void;
  readonly #deadline: number;
  readonly #timer: ReturnType<typeof setTimeout>;
  /** It is saved then: what ends at once is not to wait for that. */
  readonly #soon: ReturnType<typeof setTimeout>;
  /** What the agent asks, by its own number. */
  #prompt: Prompt | undefined;
  /** What the window shows, by the number that it knows: no two prompts of a ceremony have the same, whichever agent asked. */
  #shown: Prompt | undefined;
  /** What the window shows of an agent's side that is gone. */
  #stale: Prompt | undefined;
  /** The person's answer to that. */
  #early: Approval | undefined;
  #isSaved: boolean;

  constructor({ agent, request, deliver, requestId, left, mayTell, ended }: Begin) {
    this.#agent = agent;
    this.#request = request;
    this.#completion = new Completion(deliver);
    this.#mayTell = mayTell;
    this.#ended = ended;
    this.#deadline = left?.deadline ?? Date.now() + timeLimit(request.options['timeout']);
    const over = (): void => this.#takeBack({ kind: 'error', error: NOT_ALLOWED });
    this.#timer = setTimeout(over, this.#deadline - Date.now());
    this.#stale = this.#shown = left?.prompt;
    this.#isSaved = left !== undefined;
    this.requestId = requestId;
    const { kind, ...asked } = request;
    this.id = agent.ask({ type: kind, ...asked }, (answer) => this.#hear(answer), left?.id);
    this.window = new ApprovalWindow(this.id, left?.windowId);
    this.#soon = setTimeout(() => this.#save(), SAVED_AFTER_MS);
  }

  get done(): boolean {
    return this.#completion.done;
  }

  /** The person did something in the window. */
  decided(message: FromWindow): void {
    if (this.done) return;
    switch (message.type) {
      case 'approve':
        return this.#approve(message);
      case 'deny':
        return this.denied();
      case 'elsewhere':
        return this.#takeBack({ kind: 'elsewhere' });
    }
  }

  /** The person refused, or closed the window. */
  denied(): void {
    if (this.done) return;
    const prompt = this.#prompt;
    const action = (prompt ?? this.#stale)?.action;
    this.#prompt = undefined;
    if (prompt !== undefined) this.#agent.say({ type: 'answer', id: this.id, prompt: prompt.prompt, decision: 'deny' });
    // Where there is no passkey here, the page's next try must reach another authenticator, whichever button it was.
    this.#takeBack(action === 'report-no-passkey' ? { kind: 'elsewhere' } : { kind: 'error', error: NOT_ALLOWED });
  }

  /** The page took its request back: nobody waits for an answer. */
  aborted(): void {
    if (this.done) return;
    this.#completion.drop();
    this.#takeBack();
  }

  #approve(message: Approval): void {
    if (this.#stale?.prompt === message.prompt) {
      this.#early = message;
      return;
    }
    // An answer to a prompt that is no longer shown, or the second to the same one.
    if (this.#prompt === undefined || this.#shown?.prompt !== message.prompt) return;
    this.#answer(this.#prompt, message);
  }

  #answer(prompt: Prompt, { type: _, prompt: __, account, ...secret }: Approval): void {
    this.#prompt = undefined;
    const chosen = account === undefined || account >= prompt.accounts.length ? {} : { account };
    this.#agent.say({ type: 'answer', id: this.id, prompt: prompt.prompt, decision: 'approve', ...chosen, ...secret });
  }

  #hear(answer: Answer): void {
    if (this.done) return;
    switch (answer.type) {
      case 'prompt':
        return this.#show(answer);
      case 'result':
        return this.#result(answer.response);
      case 'error':
        return this.#failed(answer);
      default:
        return this.#takeBack({ kind: 'error', error: NOT_ALLOWED });
    }
  }

  #show(prompt: Prompt): void {
    this.#prompt = prompt;
    const [stale, early] = [this.#stale, this.#early];
    this.#stale = this.#early = undefined;
    // What was read and approved is what is asked again, to the letter.
    if (stale !== undefined && early !== undefined && asksTheSame(stale, prompt)) return this.#answer(prompt, early);
    this.#shown = { ...prompt, prompt: (this.#shown?.prompt ?? 0) + 1 };
    const deadline = Math.min(this.#deadline, Date.now() + prompt.secondsLeft * 1_000);
    const shown = this.window.show({ type: 'ask', asker: asker(this.#request), prompt: this.#shown, deadline });
    void shown.then(
      () => this.#save(),
      (error: unknown) => {
        console.error('No window could be opened:', error);
        this.#takeBack({ kind: 'error', error: NOT_ALLOWED });
      },
    );
  }

  #result(response: unknown): void {
    let credential: CredentialJson;
    try {
      credential = parseCredential(response, this.#request);
    } catch (error) {
      console.error('The agent’s response is none to this request:', error);
      return this.#takeBack({ kind: 'error', error: { name: 'UnknownError', message: 'The response was not valid.' } });
    }
    this.#end({ kind: 'response', response: credential });
  }

  #failed({ code, name, message }: AgentError): void {
    if (code === 'no-passkey') return this.#end({ kind: 'elsewhere' });
    // Only what the agent says of the request itself is for the page.
    const forPage = code === 'bad-request' || code === 'excluded' ? message : NOT_ALLOWED.message;
    this.#end(
      { kind: 'error', error: { name, message: forPage } },
      FOR_THE_PERSON.includes(code) ? message : undefined,
    );
  }

  /** Ends it from this side: the agent need not go on. */
  #takeBack(outcome?: Outcome): void {
    this.#agent.cancel(this.id);
    this.#end(outcome);
  }

  #end(outcome?: Outcome, lastWord?: string): void {
    clearTimeout(this.#timer);
    clearTimeout(this.#soon);
    this.#prompt = this.#stale = this.#early = undefined;
    if (lastWord === undefined || !(this.window.opened || this.#mayTell())) void this.window.close();
    else void this.window.show({ type: 'ended', message: lastWord }).catch(() => undefined);
    void this.#settle(outcome);
  }

  async #settle(outcome?: Outcome): Promise<void> {
    if (outcome !== undefined) {
      const taken = await this.#completion.complete(outcome);
      // A passkey that no page has got is one that the agent should take back.
      if (!taken && outcome.kind === 'response') this.#agent.cancel(this.id);
    }
    if (this.#isSaved) pending.remove(this.id);
    this.#ended(outcome);
  }

  #save(): void {
    if (this.done) return;
    const shown = this.#shown;
    this.#isSaved = true;
    pending.save({
      id: this.id,
      request: this.#request,
      deadline: this.#deadline,
      ...(this.requestId === undefined ? {} : { requestId: this.requestId }),
      ...(shown === undefined ? {} : { prompt: shown }),
      ...(this.window.id === undefined ? {} : { windowId: this.window.id }),
    });
  }
}

/** What the person has to know, and would not learn from the page. */
const FOR_THE_PERSON: readonly Code[] = ['no-agent', 'no-host', 'failed'];

function asker({ kind, options, origin, crossOrigin, topOrigin }: CeremonyRequest): Asker {
  const named = kind === 'get' ? options['rpId'] : (options['rp'] as { id?: unknown } | undefined)?.id;
  return {
    rpId: typeof named === 'string' ? named : new URL(origin).hostname,
    origin,
    crossOrigin,
    ...(topOrigin === undefined ? {} : { topOrigin }),
  };
}
