import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BackOff } from '../src/background/back-off.ts';
import { timeLimit } from '../src/background/time-limit.ts';
import { siteText } from '../src/site-text.ts';
import { accountNames, timeLeft } from '../src/window/words.ts';

test('a ceremony takes between 15 seconds and 10 minutes, and 5 minutes where nothing is asked for', () => {
  assert.equal(timeLimit(1), 15_000);
  assert.equal(timeLimit(60_000), 60_000);
  assert.equal(timeLimit(3_600_000), 600_000);
  for (const none of [undefined, null, '60000', Number.NaN, Number.POSITIVE_INFINITY])
    assert.equal(timeLimit(none), 300_000);
});

test('a host that fails again and again is left alone for longer and longer, up to five seconds', () => {
  const backOff = new BackOff();
  assert.equal(backOff.permits(0), true);
  const waits: number[] = [];
  for (let failure = 0; failure < 7; failure += 1) {
    backOff.failed(0);
    let wait = 0;
    while (!backOff.permits(wait)) wait += 250;
    waits.push(wait);
  }
  assert.deepEqual(waits, [250, 500, 1_000, 2_000, 4_000, 5_000, 5_000]);
  backOff.succeeded();
  assert.equal(backOff.permits(0), true);
});

test('a site’s text is one line of sane length that turns nothing around', () => {
  assert.equal(siteText('  The\n\tShop  '), 'The Shop');
  assert.equal(siteText('\u202Eelpmaxe\u202C \u2066x\u2069\u0000'), 'elpmaxe x');
  assert.equal([...siteText('🛒'.repeat(100))].length, 64);
  assert.ok(siteText('a'.repeat(100)).endsWith('…'));
});

test('an account is shown by the names that it has', () => {
  assert.deepEqual(accountNames({ name: 'anna', displayName: 'Anna' }), { main: 'Anna', other: 'anna' });
  assert.deepEqual(accountNames({ name: 'anna', displayName: 'anna' }), { main: 'anna', other: '' });
  assert.deepEqual(accountNames({ name: 'anna' }), { main: 'anna', other: '' });
  assert.deepEqual(accountNames({}), { main: 'An account without a name', other: '' });
});

test('the time left is in minutes and seconds, and never below nothing', () => {
  assert.equal(timeLeft(119_001), '2:00');
  assert.equal(timeLeft(9_000), '0:09');
  assert.equal(timeLeft(-5), '0:00');
});
