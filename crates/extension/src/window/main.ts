/** The approval window: shows what is asked and sends what the person decides, by trusted events alone. */

import { byId } from '../by-id.ts';
import { WINDOW_PORT, type FromWindow, type ToWindow } from '../window-message.ts';
import { WAITING, appeared, approved, bound, switched, told, type State } from './state.ts';
import { chosenAccount, draw } from './view.ts';

/** A worker that is stopped again and again is not woken more often than this. */
const RECONNECT_AFTER_MS = 1_000;

let state: State = WAITING;
let port = connect();
const secretField = byId<HTMLInputElement>('secret-field');

/** Connects to the worker, which may be stopped at any time: connecting wakes it, and it says how things stand. */
function connect(): chrome.runtime.Port {
  const opened = chrome.runtime.connect({ name: WINDOW_PORT });
  opened.onMessage.addListener((message: ToWindow) => become(told(state, message, Date.now())));
  opened.onDisconnect.addListener(() => setTimeout(() => (port = connect()), RECONNECT_AFTER_MS));
  return opened;
}

function become(next: State): void {
  const before = state;
  state = next;
  draw(state, before, Date.now());
}

function send(message: FromWindow): void {
  try {
    port.postMessage(message);
  } catch {
    port = connect();
    port.postMessage(message);
  }
}

function approve(): void {
  const input = { account: chosenAccount(), secret: secretField.value };
  const { state: next, message } = approved(state, input, Date.now());
  if (message !== undefined) {
    secretField.value = '';
    send(message);
  }
  become(next);
}

function onClick(id: string, act: () => void): void {
  byId(id).addEventListener('click', (event) => {
    if (event.isTrusted) act();
  });
}

onClick('approve', approve);
onClick('refuse', () => send({ type: 'deny' }));
onClick('close', () => send({ type: 'deny' }));
onClick('elsewhere', () => send({ type: 'elsewhere' }));
onClick('ended-elsewhere', () => send({ type: 'elsewhere' }));
onClick('switch', () => {
  secretField.value = '';
  become(switched(state));
});

byId<HTMLInputElement>('bind').addEventListener('change', (event) => {
  if (event.isTrusted) become(bound(state, byId<HTMLInputElement>('bind').checked));
});

// A form sends itself when Enter is pressed in a field; here only what follows may approve.
byId('asking').addEventListener('submit', (event) => event.preventDefault());

document.addEventListener('keydown', (event) => {
  if (!event.isTrusted || event.repeat || event.isComposing) return;
  if (event.key === 'Escape') send({ type: 'deny' });
  // On a button Enter is a click of that button.
  if (event.key === 'Enter' && state.at === 'asking' && !(event.target instanceof HTMLButtonElement)) approve();
});

for (const type of ['focus', 'visibilitychange']) {
  window.addEventListener(type, () => become(appeared(state, Date.now())));
}

// The time left goes by, and the window becomes armed.
setInterval(() => become(state), 250);
