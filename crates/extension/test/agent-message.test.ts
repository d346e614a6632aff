import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseAgentMessage } from '../src/agent-message.ts';
import { Malformed } from '../src/shape.ts';

const PROMPT = {
  type: 'prompt',
  id: 7,
  prompt: 1,
  action: 'sign-in',
  rp: { id: 'shop.example', name: 'The Shop' },
  accounts: [{ name: 'anna' }, {}],
  device: 'laptop',
  verify: 'pin',
  secondsLeft: 120,
  failed: 'That is not the PIN.',
};
const STATUS = {
  type: 'status',
  id: 1,
  locked: true,
  profile: 'default',
  device: 'laptop',
  account: 'b7f3',
  passkeys: null,
  safetyNumber: '31415 92653',
  recent: [{ rpId: 'shop.example', at: '2026-11-30T20:11:00Z' }],
  testMode: false,
};
const ERROR = { type: 'error', id: 1, name: 'NotAllowedError', code: 'denied', message: 'denied' };

test('each message of the agent is read as it is', () => {
  for (const message of [
    { type: 'hello', protocol: 1, agent: '0.1.0' },
    PROMPT,
    STATUS,
    { ...STATUS, locked: false, passkeys: 3 },
    ERROR,
    { type: 'result', id: 1, response: { id: 'AA' } },
    { type: 'candidates', id: 1, accounts: [{ name: 'anna', displayName: 'Anna' }] },
    { type: 'done', id: 1 },
  ]) {
    assert.deepEqual(parseAgentMessage(structuredClone(message)), message);
  }
});

test('members that nobody knows are left out', () => {
  assert.deepEqual(parseAgentMessage({ ...ERROR, html: '<b>' }), ERROR);
});

test('what is missing, of another type, too long or of an unknown kind is refused', () => {
  for (const message of [
    null,
    'prompt',
    [],
    {},
    { type: 'approve', id: 1 },
    { type: 'hello', protocol: '1', agent: 'x' },
    { type: 'done' },
    { type: 'done', id: -1 },
    { type: 'done', id: 1.5 },
    { type: 'done', id: '1' },
    { ...PROMPT, action: 'approve-all' },
    { ...PROMPT, rp: 'shop.example' },
    { ...PROMPT, rp: { id: 'a'.repeat(254) } },
    { ...PROMPT, accounts: { length: 1 } },
    { ...PROMPT, accounts: ['anna'] },
    { ...PROMPT, accounts: [{ name: 1 }] },
    { ...PROMPT, accounts: Array(1_001).fill({}) },
    { ...PROMPT, verify: 'nothing' },
    { ...PROMPT, secondsLeft: 1e9 },
    { ...PROMPT, failed: 7 },
    { ...ERROR, name: 'BogusError' },
    { ...ERROR, code: 'no-host' },
    { ...STATUS, locked: 'no' },
    { ...STATUS, passkeys: undefined },
    { ...STATUS, recent: [{ rpId: 'shop.example' }] },
    { type: 'result', id: 1, response: 'x' },
  ]) {
    assert.throws(() => parseAgentMessage(message), Malformed, JSON.stringify(message));
  }
});
