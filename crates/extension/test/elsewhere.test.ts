import assert from 'node:assert/strict';
import { beforeEach, mock, test } from 'node:test';
import { Elsewhere, type Proxy } from '../src/background/elsewhere.ts';
import { FakeChrome, settled } from './fake-chrome.ts';

let browser: FakeChrome;
let proxy: Proxy;

beforeEach(() => {
  mock.timers.reset();
  mock.timers.enable({ apis: ['setTimeout', 'setInterval', 'Date'], now: 1_000_000 });
  browser = new FakeChrome().install();
  proxy = (globalThis as unknown as { chrome: { webAuthenticationProxy: Proxy } }).chrome.webAuthenticationProxy;
});

test('for a minute another authenticator is reached, and then this one again', async () => {
  const elsewhere = new Elsewhere(proxy, () => true);
  await elsewhere.resume();
  elsewhere.begin();
  await settled();
  assert.deepEqual(browser.proxyCalls, ['attach', 'detach']);
  assert.equal(elsewhere.active, true);
  mock.timers.tick(59_000);
  assert.equal(elsewhere.active, true);
  mock.timers.tick(1_001);
  await settled();
  assert.equal(elsewhere.active, false);
  assert.deepEqual(browser.proxyCalls, ['attach', 'detach', 'attach']);
});

test('a worker that wakes within the minute waits for its end', async () => {
  browser.stored.set('elsewhereUntil', 1_030_000);
  const elsewhere = new Elsewhere(proxy, () => true);
  await elsewhere.resume();
  assert.equal(elsewhere.active, true);
  assert.deepEqual(browser.proxyCalls, []);
  mock.timers.tick(30_001);
  await settled();
  assert.deepEqual(browser.proxyCalls, ['attach']);
});

test('requests that other windows ask about are not failed by detaching', async () => {
  let others = true;
  const elsewhere = new Elsewhere(proxy, () => !others);
  elsewhere.begin();
  assert.deepEqual(browser.proxyCalls, []);
  others = false;
  elsewhere.ceremonyEnded();
  assert.deepEqual(browser.proxyCalls, ['detach']);
});

test('why the browser refused is kept for the popup', async () => {
  const elsewhere = new Elsewhere(
    { attach: async () => 'Another extension is attached.', detach: async () => undefined },
    () => true,
  );
  await elsewhere.resume();
  assert.equal(elsewhere.refused, 'Another extension is attached.');
});
