import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Completion } from '../src/background/completion.ts';
import type { Outcome } from '../src/background/outcome.ts';
import { NOT_ALLOWED } from '../src/dom-error.ts';
import { ASSERTION } from './worlds.ts';

const RESPONSE: Outcome = { kind: 'response', response: ASSERTION };
const REFUSAL: Outcome = { kind: 'error', error: NOT_ALLOWED };

function completion(takes: (outcome: Outcome) => boolean): { completion: Completion; got: Outcome[] } {
  const got: Outcome[] = [];
  const deliver = async (outcome: Outcome): Promise<void> => {
    got.push(outcome);
    if (!takes(outcome)) throw new Error('field missing or invalid');
  };
  return { completion: new Completion(deliver), got };
}

test('the first outcome is the only one', async () => {
  const { completion: once, got } = completion(() => true);
  const both = await Promise.all([once.complete(RESPONSE), once.complete(REFUSAL)]);
  assert.deepEqual(both, [true, false]);
  assert.deepEqual(got, [RESPONSE]);
});

test('a response that is not taken is followed by an error', async (t) => {
  t.mock.method(console, 'error', () => undefined);
  const { completion: once, got } = completion((outcome) => outcome.kind !== 'response');
  assert.equal(await once.complete(RESPONSE), false);
  assert.deepEqual(
    got.map((outcome) => (outcome.kind === 'error' ? outcome.error.name : outcome.kind)),
    ['response', 'UnknownError'],
  );
});

test('where nothing is taken, it ends all the same', async (t) => {
  t.mock.method(console, 'error', () => undefined);
  const { completion: once, got } = completion(() => false);
  assert.equal(await once.complete(RESPONSE), false);
  assert.equal(got.length, 2);
});

test('nothing is delivered for whom nobody waits', async () => {
  const { completion: once, got } = completion(() => true);
  once.drop();
  assert.equal(await once.complete(RESPONSE), false);
  assert.deepEqual(got, []);
});
