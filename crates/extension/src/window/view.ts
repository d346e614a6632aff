/** Draws the window's state. Whatever a site wrote is text in an element of its own, never markup. */

import { byId } from '../by-id.ts';
import type { Prompt } from '../protocol.ts';
import { isolated, siteText } from '../site-text.ts';
import type { Asker } from '../window-message.ts';
import { BIND_WORDS, WORDS, accountNames, timeLeft } from './words.ts';
import { isArmed, isShown, mayBind, type Asking, type SecretKind, type State } from './state.ts';

export function draw(state: State, before: State, now: number): void {
  for (const part of ['waiting', 'asking', 'ended']) byId(part).hidden = part !== state.at;
  if (state.at === 'ended') {
    byId('last-word').textContent = state.message;
    if (before.at !== 'ended') byId('close').focus();
  }
  if (state.at !== 'asking') return;
  const same = isShown(before, state.prompt);
  if (!same) drawPrompt(state.asker, state.prompt);
  drawWords(state);
  drawSecret(state.secret, state.prompt);
  byId('problem').textContent = siteText(state.problem, 300);
  byId('time').textContent = timeLeft(state.deadline - now);
  byId('approve').ariaDisabled = String(!isArmed(state, now));
  byId('asking').ariaBusy = String(state.answered);
  if (!same || before.secret !== state.secret) focusFirst(state);
}

function drawPrompt(asker: Asker, prompt: Prompt): void {
  byId('elsewhere').hidden = prompt.action === 'report-no-passkey';
  byId('bind-choice').hidden = !mayBind(prompt);
  byId('kind').hidden = !mayBind(prompt);
  byId('device').textContent = siteText(prompt.device);
  const rpId = rpIdOf(asker, prompt);
  byId('site').replaceChildren(isolated(rpId));
  const claim = siteText(prompt.rp.name ?? '');
  byId('claim').hidden = claim === '' || claim === rpId;
  byId('claimed-name').textContent = claim;
  drawOrigin(asker, rpId);
  drawAccounts(prompt);
}

/** What is asked, which may depend on where the new passkey is to be. */
function drawWords({ asker, prompt, bind }: Asking): void {
  const words = bind ? BIND_WORDS : WORDS[prompt.action];
  byId('title').textContent = words.title;
  byId('detail').textContent = words.detail;
  byId('detail').hidden = words.detail === '';
  byId('approve').textContent = words.approve;
  byId('refuse').textContent = words.refuse;
  byId<HTMLInputElement>('bind').checked = bind;
  byId('kind-words').textContent = bind ? 'on this device only, kept by its software' : 'synced, end-to-end encrypted';
  document.title = `${words.title} – ${rpIdOf(asker, prompt)}`;
}

function rpIdOf(asker: Asker, prompt: Prompt): string {
  return siteText(prompt.rp.id === '' ? asker.rpId : prompt.rp.id, 253);
}

function drawOrigin({ origin, crossOrigin, topOrigin }: Asker, rpId: string): void {
  const element = byId('origin');
  const parts: (string | Node)[] = [];
  if (origin !== `https://${rpId}`) parts.push('Asked for by ', isolated(siteText(origin, 300)));
  if (crossOrigin) {
    parts.push(parts.length === 0 ? 'Asked for inside ' : ', inside ');
    parts.push(topOrigin === undefined ? 'a page of another site' : isolated(siteText(topOrigin, 300)));
  }
  element.hidden = parts.length === 0;
  element.replaceChildren(...parts);
}

function drawAccounts({ accounts, action, failed }: Prompt): void {
  // After a wrong PIN it is still the account that was chosen that signs in.
  const chosen = failed === undefined ? 0 : chosenAccount();
  const drawn = accounts.map((account, position) => {
    const { main, other } = accountNames(account);
    const names = document.createElement('span');
    names.append(isolated(main));
    if (other !== '') {
      const second = document.createElement('span');
      second.className = 'other';
      second.append(isolated(other));
      names.append(second);
    }
    return accounts.length === 1 ? box('div', names) : box('label', radio(position, position === chosen), names);
  });
  const parent = byId('accounts');
  parent.hidden = drawn.length === 0;
  if (drawn.length < 2) return parent.replaceChildren(...drawn);
  const group = document.createElement('fieldset');
  const legend = document.createElement('legend');
  legend.textContent = action === 'sign-in' ? 'Which account? The newest passkey is first.' : 'Which account?';
  group.append(legend, ...drawn);
  parent.replaceChildren(group);
}

/** The position of the account that is chosen; the first, where there is no choice. */
export function chosenAccount(): number {
  return Number(document.querySelector<HTMLInputElement>('input[name="account"]:checked')?.value ?? 0);
}

function box(tag: 'div' | 'label', ...content: Node[]): HTMLElement {
  const element = document.createElement(tag);
  element.className = 'account';
  element.append(...content);
  return element;
}

function radio(position: number, checked: boolean): HTMLInputElement {
  const input = document.createElement('input');
  input.type = 'radio';
  input.name = 'account';
  input.value = String(position);
  input.checked = checked;
  return input;
}

function drawSecret(secret: SecretKind, prompt: Prompt): void {
  byId('secret').hidden = secret === 'none' || secret === 'system';
  byId('secret-label').textContent = secret === 'pin' ? 'PIN of this device' : 'Passphrase of your vault';
  byId('system').hidden = secret !== 'system';
  byId('switch').hidden = prompt.verify !== 'pin' && prompt.verify !== 'system';
  byId('switch').textContent = secret === 'passphrase' ? INSTEAD[prompt.verify] : INSTEAD.passphrase;
}

const INSTEAD: Readonly<Record<SecretKind, string>> = {
  none: '',
  pin: 'Use the PIN instead',
  passphrase: 'Use the passphrase instead',
  system: 'Let the system ask instead',
};

function focusFirst({ prompt, secret }: Asking): void {
  const chosen = document.querySelector<HTMLInputElement>('input[name="account"]:checked');
  chosen?.scrollIntoView({ block: 'nearest' });
  if (chosen !== null && prompt.failed === undefined) chosen.focus();
  else byId(secret === 'none' || secret === 'system' ? 'approve' : 'secret-field').focus();
}
