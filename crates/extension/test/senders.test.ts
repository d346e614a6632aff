import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { isApprovalWindow, isOwnPage } from '../src/background/approval-window.ts';
import { pageSender } from '../src/background/page-sender.ts';
import { FakeChrome, FakePort } from './fake-chrome.ts';

beforeEach(() => void new FakeChrome().install());

type Sender = chrome.runtime.MessageSender;
const page = (more: object): Sender => ({
  id: 'nohh',
  origin: 'https://shop.example',
  frameId: 0,
  tab: { id: 3, url: 'https://shop.example/login' } as chrome.tabs.Tab,
  url: 'https://shop.example/login',
  ...more,
});

test('threat page: only the window’s own page is an approval window', () => {
  const port = (name: string, sender: object): boolean =>
    isApprovalWindow(new FakePort(name, sender) as unknown as chrome.runtime.Port);
  const url = 'chrome-extension://nohh/window.html#7';
  assert.equal(port('window', { id: 'nohh', url }), true);
  assert.equal(port('page', { id: 'nohh', url }), false);
  assert.equal(port('window', page({})), false);
  for (const other of [
    'https://shop.example/window.html#7',
    'chrome-extension://nohh/popup.html#7',
    'chrome-extension://other/window.html#7',
    'chrome-extension://nohh/window.html?x#7',
  ]) {
    assert.equal(port('window', { id: 'nohh', url: other }), false, other);
  }
  assert.equal(isOwnPage({ id: 'other', url }, 'window.html'), false);
  assert.equal(isOwnPage(undefined, 'window.html'), false);
});

test('a page is who the browser says', () => {
  assert.deepEqual(pageSender(page({}), false), {
    origin: 'https://shop.example',
    crossOrigin: false,
    tabId: 3,
    frameId: 0,
  });
});

test('threat page: a frame of another origin names the one on top', () => {
  const frame = page({ frameId: 9, origin: 'https://pay.example' });
  for (const sameOriginWithAncestors of [false, true]) {
    const sender = pageSender(frame, sameOriginWithAncestors);
    assert.equal(sender?.crossOrigin, true);
    assert.equal(sender?.topOrigin, 'https://shop.example');
  }
});

test('threat page: a frame of the tab’s own origin is one only where nothing foreign lies between', () => {
  assert.equal(pageSender(page({ frameId: 9 }), true)?.crossOrigin, false);
  assert.equal(pageSender(page({ frameId: 9 }), false)?.crossOrigin, true);
});

test('who has no trustworthy origin is nobody', () => {
  for (const origin of [
    'null',
    'http://shop.example',
    'http://localhost.example',
    'http://127.0.0.1',
    'chrome-extension://nohh',
    'file://',
    undefined,
  ]) {
    assert.equal(pageSender(page({ origin }), true), undefined, origin);
  }
  for (const origin of ['http://localhost:8080', 'http://app.localhost', 'https://shop.example:8443']) {
    assert.equal(pageSender(page({ origin }), true)?.origin, origin);
  }
  assert.equal(pageSender(page({ id: 'other' }), true), undefined);
  assert.equal(pageSender(page({ tab: undefined }), true), undefined);
});
