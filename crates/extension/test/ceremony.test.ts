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
  ceremonies = new Ceremonies(() => (elsewhere += 1));
});

function begin(request: CeremonyRequest = GET, requestId = 5): Ceremony {
  const deliver = proxyDelivery(request.kind, requestId);
  return ceremonies.begin({ agent, request, deliver, requestId, ended: () => undefined });
}

/** The agent says something. */
async function says(message: object): Promise<void> {
  browser.native.onMessage.fire(message);
  await settled();
}

/** The agent asks, and the window that opens connects. */
async function asks(ceremony: Ceremony, more: Partial<Prompt> = {}): Promise<FakePort> {
  await says(prompt(ceremony.id, more));
  const windowId = [...browser.windowsOpen.keys()].at(-1);
  const url = `chrome-extension://nohh/window.html#${ceremony.id}`;
  const window = new FakePort('window', { id: 'nohh', url, tab: { windowId } });
  ceremonies.windowConnected(window as unknown as chrome.runtime.Port);
  return window;
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

test('an answer to a prompt that is no longer shown is none', async () => {
  const ceremony = begin();
  const window = await asks(ceremony);
  await says(prompt(ceremony.id, { prompt: 2, failed: 'That is not the PIN.' }));
  window.onMessage.fire({ type: 'approve', prompt: 1 });
  assert.equal(browser.native.last()['type'], 'get');
});

test('closing the window is a denial, for the page and for the agent', async () => {
  const ceremony = begin();
  await asks(ceremony);
  ceremonies.windowRemoved(1);
  await settled();
  assert.deepEqual(outcomes(), ['5 NotAllowedError']);
  assert.ok(browser.native.sent.some(({ type, decision }) => type === 'answer' && decision === 'deny'));
  await says({ type: 'error', id: ceremony.id, name: 'NotAllowedError', code: 'denied', message: '' });
  assert.equal(browser.completed.length, 1);
});

test('a page that takes its request back closes the window and gets no answer', async () => {
  const ceremony = begin();
  await asks(ceremony);
  ceremonies.byRequest(5)?.aborted();
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

test('what a stopped worker left behind is completed, and its window is told', async () => {
  browser.stored.set('ceremony:9', { id: 9, kind: 'get', requestId: 7, deadline: 0, windowId: 3 });
  ceremonies = new Ceremonies(() => undefined);
  const url = 'chrome-extension://nohh/window.html#9';
  const window = new FakePort('window', { id: 'nohh', url, tab: { windowId: 3 } });
  browser.windowsOpen.set(3, url);
  ceremonies.windowConnected(window as unknown as chrome.runtime.Port);
  await settled();
  assert.deepEqual(outcomes(), ['7 NotAllowedError']);
  assert.equal(window.last()['type'], 'ended');
  assert.equal(browser.stored.size, 0);
  window.onMessage.fire({ type: 'approve', prompt: 1 });
  await settled();
  assert.deepEqual(outcomes(), ['7 NotAllowedError']);
  assert.equal(browser.windowsOpen.size, 1);
  window.onMessage.fire({ type: 'deny' });
  await settled();
  assert.equal(browser.windowsOpen.size, 0);
});

test('an agent of another protocol is not spoken to', async () => {
  begin(GET, 1);
  await says({ type: 'hello', protocol: 2, agent: '9.0.0' });
  assert.deepEqual(outcomes(), ['1 NotAllowedError']);
  assert.equal(browser.native.connected, false);
});
