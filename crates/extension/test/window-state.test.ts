import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WAITING, appeared, approved, bound, switched, told, type State } from '../src/window/state.ts';
import type { Prompt } from '../src/protocol.ts';
import { ORIGIN, prompt } from './worlds.ts';

const ASKER = { rpId: 'shop.example', origin: ORIGIN, crossOrigin: false };
const INPUT = { account: 0, secret: '' };
const ARMED = 500;

function asking(more: Partial<Prompt> = {}, from: State = WAITING, now = 0): State {
  return told(from, { type: 'ask', asker: ASKER, prompt: prompt(1, more), deadline: 60_000 }, now);
}

test('threat page: nothing can be approved in the first half second', () => {
  const state = asking();
  assert.equal(approved(state, INPUT, ARMED - 1).message, undefined);
  assert.deepEqual(approved(state, INPUT, ARMED).message, { type: 'approve', prompt: 1 });
});

test('threat page: nor in the half second after the window came to the front', () => {
  const state = appeared(asking(), 10_000);
  assert.equal(approved(state, INPUT, 10_000 + ARMED - 1).message, undefined);
  assert.ok(approved(state, INPUT, 10_000 + ARMED).message);
});

test('nor at once after another question took the place of the first', () => {
  const state = asking({ prompt: 2 }, asking({ action: 'unlock', verify: 'passphrase' }), 5_000);
  assert.equal(approved(state, INPUT, 5_000).message, undefined);
});

test('a question is answered once', () => {
  const first = approved(asking(), INPUT, ARMED);
  assert.ok(first.message);
  assert.equal(approved(first.state, INPUT, ARMED).message, undefined);
});

test('a window that waits, or has ended, approves nothing', () => {
  assert.equal(approved(WAITING, INPUT, ARMED).message, undefined);
  const ended = told(asking(), { type: 'ended', message: 'over' }, 0);
  assert.equal(approved(ended, INPUT, ARMED).message, undefined);
  assert.deepEqual(told(ended, { type: 'ended', message: 'again' }, 0), ended);
});

test('a PIN is asked for where it must be, or the passphrase in its stead', () => {
  const state = asking({ verify: 'pin' });
  const without = approved(state, INPUT, ARMED);
  assert.equal(without.message, undefined);
  assert.equal(without.state.at === 'asking' && without.state.problem, 'Type your PIN.');
  const secret = { account: 0, secret: '1234' };
  assert.deepEqual(approved(state, secret, ARMED).message, { type: 'approve', prompt: 1, pin: '1234' });
  assert.deepEqual(approved(switched(state), secret, ARMED).message, {
    type: 'approve',
    prompt: 1,
    passphrase: '1234',
  });
});

test('where only the passphrase will do there is nothing to switch to', () => {
  const state = asking({ verify: 'passphrase' });
  assert.equal(switched(state), state);
});

test('after a wrong passphrase it is still the passphrase that is asked for', () => {
  const state = asking({ verify: 'pin', prompt: 2, failed: 'wrong' }, switched(asking({ verify: 'pin' })));
  assert.equal(state.at === 'asking' && state.secret, 'passphrase');
  assert.equal(state.at === 'asking' && state.problem, 'wrong');
});

test('the account is told where there is a choice', () => {
  const state = asking({ accounts: [{ name: 'anna' }, { name: 'work' }] });
  assert.deepEqual(approved(state, { account: 1, secret: '' }, ARMED).message, {
    type: 'approve',
    prompt: 1,
    account: 1,
  });
});

test('a new passkey stays on this device where the person says so, and of nothing else can it be said', () => {
  for (const action of ['register', 'replace'] as const) {
    const state = bound(asking({ action }), true);
    assert.deepEqual(approved(state, INPUT, ARMED).message, { type: 'approve', prompt: 1, bind: true });
    assert.deepEqual(approved(bound(state, false), INPUT, ARMED).message, { type: 'approve', prompt: 1 });
    const again = asking({ action, prompt: 2, failed: 'wrong' }, state);
    assert.equal(again.at === 'asking' && again.bind, true, 'a wrong PIN changes no mind');
    const other = asking({ action, prompt: 2, accounts: [{ name: 'eve' }] }, state);
    assert.equal(other.at === 'asking' && other.bind, false, 'another question has no answer yet');
  }
  for (const action of ['sign-in', 'unlock', 'report-excluded', 'report-no-passkey'] as const) {
    const state = asking({ action });
    assert.equal(bound(state, true), state);
  }
});

test('without a passkey, approving is the way to another device', () => {
  const state = asking({ action: 'report-no-passkey', accounts: [] });
  assert.deepEqual(approved(state, INPUT, ARMED).message, { type: 'elsewhere' });
});

test('the same question of an agent that is asked again changes nothing but its number', () => {
  const typing = switched(asking({ verify: 'pin' }));
  const again = asking({ prompt: 7, verify: 'pin', secondsLeft: 5 }, typing, 9_000);
  assert.ok(again.at === 'asking' && typing.at === 'asking');
  assert.deepEqual({ ...again, prompt: typing.prompt }, typing);
  assert.deepEqual(approved(again, { account: 0, secret: 'x' }, 9_000).message, {
    type: 'approve',
    prompt: 7,
    passphrase: 'x',
  });
  const other = asking({ prompt: 7, verify: 'pin', accounts: [{ name: 'eve' }] }, typing, 9_000);
  assert.equal(approved(other, { account: 0, secret: 'x' }, 9_000).message, undefined);
});

test('where the system asks for itself nothing is typed, but the passphrase may be', () => {
  const state = asking({ verify: 'system' });
  assert.deepEqual(approved(state, INPUT, ARMED).message, { type: 'approve', prompt: 1 });
  const typing = switched(state);
  assert.equal(approved(typing, INPUT, ARMED).message, undefined);
  const secret = { account: 0, secret: 'correct horse' };
  assert.deepEqual(approved(typing, secret, ARMED).message, {
    type: 'approve',
    prompt: 1,
    passphrase: 'correct horse',
  });
  assert.deepEqual(approved(switched(typing), INPUT, ARMED).message, { type: 'approve', prompt: 1 });
});

test('after the system has failed it is the PIN, and a passphrase stays one', () => {
  const failed = asking({ prompt: 2, verify: 'pin', failed: 'no finger of yours' }, asking({ verify: 'system' }));
  assert.equal(failed.at === 'asking' && failed.secret, 'pin');
  const wrong = asking({ prompt: 2, verify: 'system', failed: 'wrong' }, switched(asking({ verify: 'system' })));
  assert.equal(wrong.at === 'asking' && wrong.secret, 'passphrase');
});
