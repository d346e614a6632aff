/** What the approval window is about to do, apart from how it looks. */

import { asksTheSame, type Prompt } from '../protocol.ts';
import type { Asker, FromWindow, ToWindow } from '../window-message.ts';

/** For so long after it appears, or comes to the front, nothing can be approved: a click may have been meant for what was there before. */
const ARMED_AFTER_MS = 500;

/** What the person gives: `system` asks for itself, in a window of its own. */
export type SecretKind = 'none' | 'pin' | 'passphrase' | 'system';

export type State = { readonly at: 'waiting' } | Asking | { readonly at: 'ended'; readonly message: string };

export interface Asking {
  readonly at: 'asking';
  readonly asker: Asker;
  readonly prompt: Prompt;
  readonly deadline: number;
  readonly armedAt: number;
  readonly secret: SecretKind;
  /** Whether the new passkey is to stay on this device. */
  readonly bind: boolean;
  /** An answer is on its way to the agent. */
  readonly answered: boolean;
  /** Why an answer did not go out. */
  readonly problem: string;
}

export const WAITING: State = { at: 'waiting' };

/** What the person has put in. */
export interface Input {
  readonly account: number;
  readonly secret: string;
}

/** The worker said something. */
export function told(state: State, message: ToWindow, now: number): State {
  if (message.type === 'ended') return state.at === 'ended' ? state : { at: 'ended', message: message.message };
  const { asker, prompt, deadline } = message;
  // The worker was stopped, and what it asks again is what is shown: the person goes on.
  if (isShown(state, prompt) && !state.answered) return { ...state, prompt, deadline };
  // After a wrong one the person may have switched to the passphrase, and means to stay there.
  const offered = [prompt.verify, ...(prompt.verify === 'none' ? [] : ['passphrase' as const])];
  const stays = state.at === 'asking' && prompt.failed !== undefined && offered.includes(state.secret);
  return {
    at: 'asking',
    asker,
    prompt,
    deadline,
    armedAt: now + ARMED_AFTER_MS,
    secret: stays ? state.secret : prompt.verify,
    // After a wrong PIN it is still what was chosen; another prompt starts from what is usual.
    bind: state.at === 'asking' && prompt.failed !== undefined && state.bind,
    answered: false,
    problem: prompt.failed ?? '',
  };
}

/** Whether just this is on the screen, and not as an answer that was not taken. */
export function isShown(state: State, prompt: Prompt): state is Asking {
  if (state.at !== 'asking') return false;
  return state.prompt === prompt || (prompt.failed === undefined && asksTheSame(state.prompt, prompt));
}

/** The window came to the front. */
export function appeared(state: State, now: number): State {
  return state.at === 'asking' ? { ...state, armedAt: now + ARMED_AFTER_MS } : state;
}

export function switched(state: State): State {
  if (state.at !== 'asking') return state;
  const { verify } = state.prompt;
  if (verify !== 'pin' && verify !== 'system') return state;
  return { ...state, secret: state.secret === 'passphrase' ? verify : 'passphrase' };
}

/** Whether the person may keep what is made on this device. */
export function mayBind({ action }: Prompt): boolean {
  return action === 'register' || action === 'replace';
}

/** The person chose where the new passkey is to be. */
export function bound(state: State, bind: boolean): State {
  return state.at === 'asking' && mayBind(state.prompt) ? { ...state, bind } : state;
}

export function isArmed(state: State, now: number): state is Asking {
  return state.at === 'asking' && !state.answered && now >= state.armedAt;
}

/** The person approves. Without a message nothing is to be sent, and the state may say why. */
export function approved(state: State, input: Input, now: number): { state: State; message?: FromWindow } {
  if (!isArmed(state, now)) return { state };
  const { prompt, secret } = state;
  if (prompt.action === 'report-no-passkey')
    return { state: { ...state, answered: true }, message: { type: 'elsewhere' } };
  const typed = secret === 'pin' || secret === 'passphrase';
  if (typed && input.secret === '') {
    return { state: { ...state, problem: secret === 'pin' ? 'Type your PIN.' : 'Type your passphrase.' } };
  }
  const given = !typed ? {} : secret === 'pin' ? { pin: input.secret } : { passphrase: input.secret };
  const account = prompt.accounts.length > 1 ? { account: input.account } : {};
  return {
    state: { ...state, answered: true, problem: '' },
    message: { type: 'approve', prompt: prompt.prompt, ...account, ...(state.bind ? { bind: true } : {}), ...given },
  };
}
