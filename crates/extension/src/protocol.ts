/** What the extension and the agent say to each other; README.md tells when. */

import type { DomError } from './dom-error.ts';

export const PROTOCOL = 1;
/** The longest options that the agent reads, in characters. */
export const MOST_OPTIONS = 65_536;

export type Kind = 'create' | 'get';

/** PublicKeyCredential{Creation,Request}OptionsJSON: the agent reads it, here it only passes. */
export type OptionsJson = Readonly<Record<string, unknown>>;

/** A request of a page, with what the browser says about the page. */
export interface CeremonyRequest {
  readonly kind: Kind;
  readonly origin: string;
  readonly crossOrigin: boolean;
  readonly topOrigin?: string;
  readonly rpIdChecked: boolean;
  readonly options: OptionsJson;
}

export const SIGNALS = ['unknownCredential', 'allAcceptedCredentials', 'currentUserDetails'] as const;
export type Signal = (typeof SIGNALS)[number];

export type Secret = { readonly pin: string } | { readonly passphrase: string } | Record<never, never>;

export type ToAgent =
  | { type: 'hello'; protocol: typeof PROTOCOL; extension: string }
  | { type: 'status'; id: number }
  | ({ type: Kind; id: number } & Omit<CeremonyRequest, 'kind'>)
  | { type: 'candidates'; id: number; origin: string; rpIdChecked: boolean; options: OptionsJson }
  | ({ type: 'answer'; id: number; prompt: number; decision: 'approve'; account?: number; bind?: true } & Secret)
  | { type: 'answer'; id: number; prompt: number; decision: 'deny' }
  | { type: 'cancel'; id: number }
  | { type: 'signal'; id: number; origin: string; rpIdChecked: boolean; signal: Signal; options: OptionsJson }
  | { type: 'lock'; id: number }
  | { type: 'unlock'; id: number; passphrase: string };

/** What is sent with an id, before it has one. */
export type Asked<T extends ToAgent = ToAgent> = T extends { id: number } ? Omit<T, 'id'> : never;

export const ACTIONS = ['register', 'replace', 'report-excluded', 'sign-in', 'report-no-passkey', 'unlock'] as const;
export type Action = (typeof ACTIONS)[number];

export const VERIFY = ['none', 'pin', 'passphrase', 'system'] as const;
export type Verify = (typeof VERIFY)[number];

export interface Account {
  readonly name?: string;
  readonly displayName?: string;
}

export interface Prompt {
  readonly type: 'prompt';
  readonly id: number;
  readonly prompt: number;
  readonly action: Action;
  /** The id is empty where the agent asks before it has read the options (`unlock`). */
  readonly rp: { readonly id: string; readonly name?: string };
  readonly accounts: readonly Account[];
  readonly device: string;
  readonly verify: Verify;
  readonly secondsLeft: number;
  readonly failed?: string;
}

/** Whether who has read the one has read the other: all that a window shows, but how the last answer went and the time. */
export function asksTheSame(one: Prompt, other: Prompt): boolean {
  const read = ({ action, rp, accounts, device, verify }: Prompt): string => {
    const names = accounts.map(({ name, displayName }) => [name, displayName]);
    return JSON.stringify([action, rp.id, rp.name, names, device, verify]);
  };
  return read(one) === read(other);
}

export const CODES = [
  'cancelled',
  'denied',
  'timed-out',
  'no-passkey',
  'excluded',
  'locked',
  'no-agent',
  'bad-request',
  'failed',
] as const;
/** `no-host` is the extension's own word: the browser could not start the native host. */
export type Code = (typeof CODES)[number] | 'no-host';

export interface AgentError {
  readonly type: 'error';
  readonly id: number;
  readonly name: DomError['name'];
  readonly code: Code;
  readonly message: string;
}

export interface Recent {
  readonly rpId: string;
  readonly account?: string;
  readonly at: string;
}

export interface Status {
  readonly type: 'status';
  readonly id: number;
  readonly locked: boolean;
  readonly profile: string;
  readonly device: string;
  readonly account: string;
  /** Unknown while the vault is locked. */
  readonly passkeys: number | null;
  readonly safetyNumber: string;
  readonly recent: readonly Recent[];
  readonly testMode: boolean;
}

/** An answer to a question: everything but `hello`, which answers no id. */
export type Answer =
  | Prompt
  | AgentError
  | Status
  | { readonly type: 'result'; readonly id: number; readonly response: unknown }
  | { readonly type: 'candidates'; readonly id: number; readonly accounts: readonly Account[] }
  | { readonly type: 'done'; readonly id: number };

export type FromAgent = Answer | { readonly type: 'hello'; readonly protocol: number; readonly agent: string };
