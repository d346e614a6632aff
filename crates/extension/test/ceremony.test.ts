import assert from 'node:assert/strict';
import { beforeEach, mock, test } from 'node:test';
import { Agent } from '../src/background/agent.ts';
import { Ceremonies } from '../src/background/ceremonies.ts';
import type { Ceremony } from '../src/background/ceremony.ts';
import { proxyDelivery } from '../src/background/proxy-delivery.ts';
import type { CeremonyRequest, Prompt } from '../src/protocol.ts';
import { FakeChrome, FakePort, settled } from './fake-chrome.ts';
import { ASSERTION, ATTESTATION, CREATE, GET, prompt } from './worlds.ts';

let browser: FakeChrome;
let ceremonies: Ceremonies;
let agent: Agent;
let elsewhere: number;

beforeEach(() => {
  mock.timers.reset();
  mock.restoreAll();
  mock.method(console, 'error', () => undefined);
  mock.timers.enable({ apis: ['setTimeout', 'Date'] });
  browser = new FakeChrome().install();
  agent = new Agent();
  elsewhere = 0;
  ceremonies = woken();
});

/** The worker has just started. */
function woken(): Ceremonies {
  return new Ceremonies(agent, { elsewhere: () => (elsewhere += 1), ended: () => undefined });
}

function begin(request: CeremonyRequest = GET, requestId = 5): Ceremony {
  const deliver = proxyDelivery(request.kind, requestId);
  return ceremonies.begin({ request, deliver, requestId });
}

/** The agent says something. */
async function says(message: object): Promise<void> {
  browser.native.onMessage.fire(message);
  await settled();
}

/** The agent asks, and the window that opens connects. */
async function asks(ceremony: Ceremony, more: Partial<Prompt> = {}): Promise<FakePort> {
  await says(prompt(ceremony.id, more));
  return windowOf(ceremony.id, [...browser.windowsOpen.keys()].at(-1));
}

/** The window of this ceremony connects. */
async function windowOf(id: number, windowId: number | undefined): Promise<FakePort> {
  const url = `chrome-extension://nohh/window.html#${id}`;
  const window = new FakePort('window', { id: 'nohh', url, tab: { windowId } });
  ceremonies.windowConnected(window as unknown as chrome.runtime.Port);
  await settled();
  return window;
}

function without(request: CeremonyRequest, key: keyof CeremonyRequest): object {
  return Object.fromEntries(Object.entries(request).filter(([name]) => name !== key));
}

const outcomes = (): string[] =>
  browser.completed.map(({ requestId, error }) => `${requestId} ${error?.name ?? 'response'}`);

test('what the person approves is answered, once, and the window closes', async () => {
  const ceremony = begin();
  assert.deepEqual(browser.native.sent[1], {
    type: 'get',
    id: ceremony.id,
    origin: GET.origin,
    crossOrigin: false,
    rpIdChecked: true,
    options: GET.options,
  });
  const window = await asks(ceremony, { verify: 'pin', accounts: [{ name: 'anna' }, { name: 'work' }] });
  assert.equal(window.last()['type'], 'ask');
  assert.equal([...browser.windowsOpen.values()][0], `chrome-extension://nohh/window.html#${ceremony.id}`);
  window.onMessage.fire({ type: 'approve', prompt: 1, account: 1, pin: '1234' });
  window.onMessage.fire({ type: 'approve', prompt: 1, account: 0, pin: '1234' });
  await settled();
  const answers = browser.native.sent.filter(({ type }) => type === 'answer');
  assert.deepEqual(answers, [
    { type: 'answer', id: ceremony.id, prompt: 1, decision: 'approve', account: 1, pin: '1234' },
  ]);
  await says({ type: 'result', id: ceremony.id, response: ASSERTION });
  await says({ type: 'result', id: ceremony.id, response: ASSERTION });
  assert.deepEqual(outcomes(), ['5 response']);
  assert.deepEqual(JSON.parse(browser.completed[0]?.responseJson ?? ''), ASSERTION);
  assert.equal(browser.windowsOpen.size, 0);
  assert.equal(browser.stored.size, 0);
});

test('threat page: an answer to a prompt that is no longer shown is none', async () => {
  const ceremony = begin();
  const window = await asks(ceremony);
  await says(prompt(ceremony.id, { prompt: 2, failed: 'That is not the PIN.' }));
  window.onMessage.fire({ type: 'approve', prompt: 1 });
  await settled();
  assert.equal(browser.native.last()['type'], 'get');
});

test('closing the window is a denial, for the page and for the agent', async () => {
  const ceremony = begin();
  await asks(ceremony);
  await ceremonies.windowRemoved(1);
  await settled();
  assert.deepEqual(outcomes(), ['5 NotAllowedError']);
  assert.ok(browser.native.sent.some(({ type, decision }) => type === 'answer' && decision === 'deny'));
  await says({ type: 'error', id: ceremony.id, name: 'NotAllowedError', code: 'denied', message: '' });
  assert.equal(browser.completed.length, 1);
});

test('a page that takes its request back closes the window and gets no answer', async () => {
  const ceremony = begin();
  await asks(ceremony);
  await ceremonies.cancelled(5);
  await settled();
  assert.deepEqual(browser.native.last(), { type: 'cancel', id: ceremony.id });
  assert.equal(browser.windowsOpen.size, 0);
  assert.deepEqual(browser.completed, []);
});

test('a response that is none to the request becomes an error', async () => {
  const ceremony = begin();
  await asks(ceremony);
  await says({ type: 'result', id: ceremony.id, response: { ...ASSERTION, rawId: 'AAAA' } });
  assert.deepEqual(outcomes(), ['5 UnknownError']);
});

test('a response that the browser does not take becomes an error, and the agent hears of it', async () => {
  browser.refusesResponses = true;
  const ceremony = begin(CREATE);
  await says({ type: 'result', id: ceremony.id, response: ATTESTATION });
  assert.deepEqual(outcomes(), ['5 UnknownError']);
  assert.deepEqual(browser.native.last(), { type: 'cancel', id: ceremony.id });
});

test('when its time is over it ends by itself', async () => {
  const ceremony = begin({ ...GET, options: { ...GET.options, timeout: 20_000 } });
  await asks(ceremony);
  mock.timers.tick(20_001);
  await settled();
  assert.deepEqual(outcomes(), ['5 NotAllowedError']);
  assert.equal(browser.windowsOpen.size, 0);
});

test('without a passkey, and at the person’s wish, another authenticator is reached', async () => {
  const without = begin(GET, 1);
  await asks(without, { action: 'report-no-passkey', accounts: [] });
  await says({ type: 'error', id: without.id, name: 'NotAllowedError', code: 'no-passkey', message: '' });
  assert.equal(elsewhere, 1);
  (await asks(begin(GET, 2))).onMessage.fire({ type: 'elsewhere' });
  await settled();
  assert.equal(elsewhere, 2);
  assert.deepEqual(outcomes(), ['1 NotAllowedError', '2 NotAllowedError']);
});

test('several requests have a window each', async () => {
  const [first, second] = [begin(GET, 1), begin(GET, 2)];
  await asks(first);
  const window = await asks(second);
  assert.equal(browser.windowsOpen.size, 2);
  window.onMessage.fire({ type: 'deny' });
  await settled();
  assert.deepEqual(outcomes(), ['2 NotAllowedError']);
  assert.equal(browser.windowsOpen.size, 1);
});

test('without an agent the page is answered at once, and one window says why', async () => {
  begin(GET, 1);
  browser.native.die();
  await settled();
  begin(GET, 2);
  await settled();
  assert.deepEqual(outcomes(), ['1 NotAllowedError', '2 NotAllowedError']);
  assert.equal(browser.windowsOpen.size, 1);
  // The second did not start the native host again so soon.
  assert.equal(browser.natives.length, 1);
  mock.timers.tick(1_000);
  begin(GET, 3);
  assert.equal(browser.natives.length, 2);
});

/** A worker that asked for this is stopped while its window waits, and another has started. */
async function stoppedAndWoken(more: Partial<Prompt> = {}): Promise<Ceremony> {
  const ceremony = begin();
  await asks(ceremony, more);
  // The worker that is gone hears of nothing.
  agent = new Agent();
  ceremonies = woken();
  await settled();
  return ceremony;
}

const approvals = (): unknown[] => browser.native.sent.filter(({ type }) => type === 'answer');

test('a worker that is stopped asks again, and the window goes on', async () => {
  const { id } = await stoppedAndWoken();
  assert.equal(browser.natives.length, 2);
  assert.deepEqual(browser.native.last(), { type: 'get', id, ...without(GET, 'kind') });
  const window = await windowOf(id, 1);
  await says(prompt(id, { prompt: 3 }));
  assert.equal((window.last()['prompt'] as Prompt).prompt, 2);
  assert.equal(browser.windowsOpen.size, 1);
  window.onMessage.fire({ type: 'approve', prompt: 2 });
  await settled();
  assert.deepEqual(approvals(), [{ type: 'answer', id, prompt: 3, decision: 'approve' }]);
  await says({ type: 'result', id, response: ASSERTION });
  assert.deepEqual(outcomes(), ['5 response']);
  assert.deepEqual([browser.windowsOpen.size, browser.stored.size], [0, 0]);
});

test('what was approved before it was asked again counts, if just the same is asked', async () => {
  const { id } = await stoppedAndWoken({ verify: 'pin' });
  const window = await windowOf(id, 1);
  window.onMessage.fire({ type: 'approve', prompt: 1, pin: '1234' });
  await settled();
  assert.deepEqual(approvals(), []);
  await says(prompt(id, { prompt: 4, verify: 'pin', secondsLeft: 60 }));
  assert.deepEqual(approvals(), [{ type: 'answer', id, prompt: 4, decision: 'approve', pin: '1234' }]);
});

test('threat page: what was approved before another thing was asked is no answer to that', async () => {
  for (const more of [{ accounts: [{ name: 'eve' }] }, { action: 'unlock' as const }, { rp: { id: 'evil.example' } }]) {
    const { id } = await stoppedAndWoken();
    const window = await windowOf(id, [...browser.windowsOpen.keys()].at(-1));
    window.onMessage.fire({ type: 'approve', prompt: 1 });
    await settled();
    await says(prompt(id, more));
    assert.deepEqual(approvals(), []);
    assert.deepEqual(window.last()['prompt'], prompt(id, { ...more, prompt: 2 }));
  }
});

test('threat page: nor what was approved of what was shown, after another thing was asked by the same number', async () => {
  const { id } = await stoppedAndWoken({ action: 'unlock', verify: 'passphrase' });
  await says(prompt(id));
  const window = await windowOf(id, 1);
  window.onMessage.fire({ type: 'approve', prompt: 1, passphrase: 'correct horse' });
  await settled();
  assert.deepEqual(approvals(), []);
});

test('a passkey that was made after its request was over is taken back', async () => {
  const ceremony = begin(CREATE);
  (await asks(ceremony)).onMessage.fire({ type: 'deny' });
  await settled();
  await says({ type: 'result', id: ceremony.id, response: ATTESTATION });
  assert.deepEqual(browser.native.sent.slice(-2), [
    { type: 'cancel', id: ceremony.id },
    { type: 'cancel', id: ceremony.id },
  ]);
  assert.deepEqual(outcomes(), ['5 NotAllowedError']);
});

test('a window that was closed while the worker was stopped is a denial', async () => {
  const ceremony = begin();
  await asks(ceremony);
  browser.windowsOpen.clear();
  agent = new Agent();
  ceremonies = woken();
  await settled();
  assert.deepEqual(outcomes(), ['5 NotAllowedError']);
  assert.equal(browser.stored.size, 0);
});

test('that there is no passkey is told also where the worker was stopped: the next try reaches another', async () => {
  const { id } = await stoppedAndWoken({ action: 'report-no-passkey', accounts: [] });
  (await windowOf(id, 1)).onMessage.fire({ type: 'deny' });
  await settled();
  assert.equal(elsewhere, 1);
});

test('a page that takes its request back wakes a stopped worker', async () => {
  await stoppedAndWoken();
  await ceremonies.cancelled(5);
  await settled();
  assert.deepEqual([browser.windowsOpen.size, browser.stored.size], [0, 0]);
  assert.deepEqual(outcomes(), []);
});

test('a page’s script has heard that the worker was stopped, and its window says so', async () => {
  const left = { id: 9, request: GET, deadline: Date.now() + 1_000, windowId: 3 };
  browser.stored.set('ceremony:9', left);
  browser.windowsOpen.set(3, 'chrome-extension://nohh/window.html#9');
  ceremonies = woken();
  const window = await windowOf(9, 3);
  assert.equal(window.last()['type'], 'ended');
  assert.equal(browser.stored.size, 0);
  window.onMessage.fire({ type: 'approve', prompt: 1 });
  await settled();
  assert.equal(browser.windowsOpen.size, 1);
  window.onMessage.fire({ type: 'deny' });
  await settled();
  assert.deepEqual([browser.windowsOpen.size, browser.natives.length], [0, 0]);
});

test('an agent of another protocol is not spoken to', async () => {
  begin(GET, 1);
  await says({ type: 'hello', protocol: 2, agent: '9.0.0' });
  assert.deepEqual(outcomes(), ['1 NotAllowedError']);
  assert.equal(browser.native.connected, false);
});
