import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decode, encode } from '../src/base64url.ts';

const bytes = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, 'hex'));

test('every length is written as the standard writes it, and read back', () => {
  for (const [hex, text] of [
    ['', ''],
    ['00', 'AA'],
    ['fb', '-w'],
    ['ffff', '__8'],
    ['14fb9c03d97e', 'FPucA9l-'],
    ['14fb9c03d9', 'FPucA9k'],
  ] as const) {
    assert.equal(encode(bytes(hex)), text);
    assert.deepEqual(new Uint8Array(decode(text) as ArrayBuffer), bytes(hex));
  }
});

test('all bytes survive the way there and back', () => {
  const all = Uint8Array.from({ length: 256 }, (_, value) => value);
  assert.equal(encode(all), Buffer.from(all).toString('base64url'));
  assert.deepEqual(new Uint8Array(decode(encode(all)) as ArrayBuffer), all);
});

test('what is no base64url is not read', () => {
  for (const text of ['A', 'AA==', 'AB', '__9', 'A+', 'A/', 'A A', 'AAAÄ', '\u0000A']) {
    assert.equal(decode(text), undefined, text);
  }
});
