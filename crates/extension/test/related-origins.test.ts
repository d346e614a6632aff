import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import { isForeign, isRelatedOrigin, namesOrigin } from '../src/background/related-origins.ts';

const ORIGIN = 'https://shop.de';

test('an RP id is foreign when the origin is not in its domain', () => {
  assert.equal(isForeign('shop.com', 'https://shop.com'), false);
  assert.equal(isForeign('shop.com', 'https://login.shop.com:8443'), false);
  assert.equal(isForeign('shop.com', 'https://notshop.com'), true);
  assert.equal(isForeign('login.shop.com', 'https://shop.com'), true);
});

test('threat page: an origin counts when it is named exactly', () => {
  assert.equal(namesOrigin({ origins: ['https://shop.com', ORIGIN] }, ORIGIN), true);
  for (const origins of [
    [],
    ['https://shop.com'],
    ['http://shop.de'],
    ['https://shop.de:8443'],
    ['https://a.shop.de'],
    [7],
  ]) {
    assert.equal(namesOrigin({ origins }, ORIGIN), false, JSON.stringify(origins));
  }
  for (const document of [null, [], 'https://shop.de', {}, { origins: ORIGIN }, { origins: { 0: ORIGIN } }]) {
    assert.equal(namesOrigin(document, ORIGIN), false, JSON.stringify(document));
  }
});

test('the first five labels count, however many sites each has', () => {
  const others = ['a', 'b', 'c', 'd'].map((label) => `https://${label}.com`);
  assert.equal(namesOrigin({ origins: [...others, ORIGIN] }, ORIGIN), true);
  assert.equal(namesOrigin({ origins: [...others, 'https://e.com', ORIGIN] }, ORIGIN), false);
  const one = Array.from({ length: 20 }, (_, index) => `https://same.x${index}`);
  assert.equal(namesOrigin({ origins: [...one, ORIGIN] }, ORIGIN), true);
  assert.equal(namesOrigin({ origins: [...others, 'https://shop.com', ORIGIN] }, ORIGIN), true);
});

test('two sites of one public suffix are never taken for one', () => {
  const hosted = ['a', 'b', 'c', 'd', 'e', 'f'].map((user) => `https://${user}.github.io`);
  assert.equal(namesOrigin({ origins: hosted }, 'https://f.github.io'), false);
});

test('the document is fetched without credentials or redirects, and only as far as is sane', async (t) => {
  const answers: Response[] = [];
  const fetched = t.mock.method(globalThis, 'fetch', async () => answers.shift() as Response);
  const json = (body: string, type = 'application/json'): Response =>
    new Response(body, { headers: { 'content-type': type } });
  const good = JSON.stringify({ origins: [ORIGIN] });
  answers.push(json(good), json(good, 'text/html'), json(`${' '.repeat(65_537)}${good}`), json('{'));
  const related: boolean[] = [];
  for (let time = 0; time < 4; time += 1) related.push(await isRelatedOrigin('shop.com', ORIGIN));
  assert.deepEqual(related, [true, false, false, false]);
  const [url, init] = fetched.mock.calls[0]?.arguments as unknown as [string, RequestInit];
  assert.equal(url, 'https://shop.com/.well-known/webauthn');
  assert.equal(init.credentials, 'omit');
  assert.equal(init.redirect, 'error');
  assert.ok(init.signal instanceof AbortSignal);
});

test('nothing is fetched for what is no domain', async () => {
  const fetched = mock.method(globalThis, 'fetch', async () => new Response());
  for (const rpId of [
    'localhost',
    '192.168.0.1',
    '[::1]',
    'shop.com:8443',
    'shop.com/x',
    'user@shop.com',
    'SHOP.com',
    'shop..com',
    '',
  ]) {
    assert.equal(await isRelatedOrigin(rpId, ORIGIN), false, rpId);
  }
  assert.equal(fetched.mock.callCount(), 0);
  fetched.mock.restore();
});
