import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseRequestDetails } from '../src/background/request-details.ts';
import { callIn, parseBeginCeremony, parseFromBridge, parseFromMain } from '../src/page-message.ts';
import { parseFromPopup } from '../src/popup-message.ts';
import { ceremonyIn, parseFromWindow } from '../src/window-message.ts';

test('a window approves with one secret at most', () => {
  assert.deepEqual(parseFromWindow({ type: 'approve', prompt: 1, account: 2, pin: '1', more: true }), {
    type: 'approve',
    prompt: 1,
    account: 2,
    pin: '1',
  });
  assert.deepEqual(parseFromWindow({ type: 'deny', prompt: 1 }), { type: 'deny' });
  for (const message of [
    null,
    { type: 'approve' },
    { type: 'approve', prompt: '1' },
    { type: 'approve', prompt: 1, account: -1 },
    { type: 'approve', prompt: 1, pin: 1234 },
    { type: 'approve', prompt: 1, pin: '1', passphrase: 'x' },
    { type: 'approved', prompt: 1 },
  ]) {
    assert.throws(() => parseFromWindow(message), JSON.stringify(message));
  }
});

test('a window’s URL holds the ceremony’s id and nothing else', () => {
  const url = 'chrome-extension://nohh/window.html';
  assert.equal(ceremonyIn(`${url}#42`), 42);
  for (const hash of ['', '#', '#x', '#-1', '#1.5', '#42&approve', '#42x']) {
    assert.equal(ceremonyIn(`${url}${hash}`), undefined, hash);
  }
});

test('what comes from the page’s world is one of its calls', () => {
  const get = { call: 1, do: 'conditional', options: { challenge: 'AA' } };
  assert.deepEqual(parseFromMain(JSON.stringify(get)), get);
  assert.deepEqual(parseFromMain('{"call":2,"do":"abort","options":7}'), { call: 2, do: 'abort' });
  for (const message of [
    { do: 'get', options: {} },
    { call: 1, do: 'approve', options: {} },
    { call: 1, do: 'get' },
    { call: 1, do: 'get', options: [] },
    { call: 1, do: 'signal', signal: 'everything', options: {} },
    { call: 1, do: 'get', options: { challenge: 'A'.repeat(70_000) } },
  ]) {
    assert.throws(() => parseFromMain(JSON.stringify(message)));
  }
  assert.throws(() => parseFromMain(get));
  assert.equal(callIn('{"call":3,"do":"get"}'), 3);
});

test('what comes from a bridge is one of its questions', () => {
  const candidates = { type: 'candidates', options: { rpId: 'shop.example' } };
  assert.deepEqual(parseFromBridge({ ...candidates, origin: 'https://evil.example' }), candidates);
  const begin = { kind: 'get', sameOriginWithAncestors: true, options: {} };
  assert.deepEqual(parseBeginCeremony({ ...begin, origin: 'https://evil.example', rpIdChecked: true }), begin);
  for (const message of [
    { type: 'status' },
    { type: 'unlock', passphrase: 'x' },
    { type: 'signal', options: {} },
    { type: 'candidates', options: { challenge: 'A'.repeat(65_536) } },
  ]) {
    assert.throws(() => parseFromBridge(message), JSON.stringify(message));
  }
});

test('the popup asks, locks and unlocks', () => {
  assert.deepEqual(parseFromPopup({ type: 'lock', id: 1 }), { type: 'lock' });
  assert.throws(() => parseFromPopup({ type: 'unlock' }));
  assert.throws(() => parseFromPopup({ type: 'get' }));
});

test('the browser’s word on the page is taken out of the options', () => {
  const page = { origin: 'https://shop.example', sameOriginWithAncestors: false };
  const json = JSON.stringify({
    challenge: 'AA',
    extensions: { credProps: true, remoteDesktopClientOverride: page },
  });
  assert.deepEqual(parseRequestDetails('get', json), {
    kind: 'get',
    origin: 'https://shop.example',
    crossOrigin: true,
    rpIdChecked: true,
    options: { challenge: 'AA', extensions: { credProps: true } },
  });
  for (const options of [{}, { extensions: {} }, { extensions: { remoteDesktopClientOverride: { origin: 'x' } } }]) {
    assert.throws(() => parseRequestDetails('get', JSON.stringify(options)));
  }
  assert.throws(() => parseRequestDetails('get', json + ' '.repeat(65_536)));
});
