/** What the window says of each action, in the person's words. */

import type { Account, Action } from '../protocol.ts';
import { siteText } from '../site-text.ts';

export interface Words {
  readonly title: string;
  readonly detail: string;
  readonly approve: string;
  readonly refuse: string;
}

export const WORDS: Readonly<Record<Action, Words>> = {
  register: {
    title: 'Create a passkey?',
    detail: 'With it you sign in to this site from all your devices.',
    approve: 'Create passkey',
    refuse: 'Cancel',
  },
  replace: {
    title: 'Replace your passkey?',
    detail: 'You have a passkey for this account already. The new one takes its place once the site knows it.',
    approve: 'Replace passkey',
    refuse: 'Cancel',
  },
  'report-excluded': {
    title: 'You already have a passkey here',
    detail: 'The site does not want a second one for this account. Shall it learn that you have one?',
    approve: 'Tell the site',
    refuse: 'Cancel',
  },
  'sign-in': {
    title: 'Sign in with your passkey?',
    detail: '',
    approve: 'Sign in',
    refuse: 'Cancel',
  },
  'report-no-passkey': {
    title: 'No passkey for this site',
    detail:
      'Your vault has none that it takes. To use a security key or another device, go on and then try again on the page within a minute.',
    approve: 'Use another device',
    refuse: 'Close',
  },
  unlock: {
    title: 'Unlock your vault',
    detail: 'The vault is locked. What the site asks for is shown next, and nothing is approved by unlocking.',
    approve: 'Unlock',
    refuse: 'Cancel',
  },
};

/** What it says where the new passkey is to stay on this device. It takes no other's place. */
export const BIND_WORDS: Words = {
  title: 'Create a passkey for this device only?',
  detail: 'Only this device can sign in with it, and it is lost with the device. Your other devices list it.',
  approve: 'Create passkey',
  refuse: 'Cancel',
};

/** An account's two names, the one that people know first. */
export function accountNames({ name, displayName }: Account): { readonly main: string; readonly other: string } {
  const [shown, login] = [siteText(displayName ?? ''), siteText(name ?? '')];
  if (shown === '') return { main: login === '' ? 'An account without a name' : login, other: '' };
  return { main: shown, other: login === shown ? '' : login };
}

export function timeLeft(ms: number): string {
  const seconds = Math.max(0, Math.ceil(ms / 1_000));
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
}
