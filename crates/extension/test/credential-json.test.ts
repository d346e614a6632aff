import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseCredential } from '../src/credential-json.ts';
import { Malformed } from '../src/shape.ts';
import { ASSERTION, ATTESTATION, CREATE, GET, clientData } from './worlds.ts';

const reads = (response: unknown, request = GET): void => void parseCredential(response, request);

test('a response to the request is taken', () => {
  assert.deepEqual(parseCredential(ASSERTION, GET), ASSERTION);
  assert.deepEqual(parseCredential(ATTESTATION, CREATE), ATTESTATION);
});

test('threat page: client data must be of this request', () => {
  const { type, challenge, origin, crossOrigin } = JSON.parse(
    Buffer.from(ASSERTION.response.clientDataJSON, 'base64url').toString(),
  ) as Record<string, unknown>;
  for (const other of [
    { type: 'webauthn.create', challenge, origin, crossOrigin },
    { type, challenge: 'AAAA', origin, crossOrigin },
    { type, challenge, origin: 'https://evil.example', crossOrigin },
    { type, challenge, origin, crossOrigin: true },
    [],
  ]) {
    const response = { ...ASSERTION.response, clientDataJSON: clientData(other) };
    assert.throws(() => reads({ ...ASSERTION, response }), Malformed, JSON.stringify(other));
  }
});

test('the ids must be one, and one that the site allows', () => {
  assert.throws(() => reads({ ...ASSERTION, rawId: 'AAAA' }), Malformed);
  const allowing = (id: string): typeof GET => ({
    ...GET,
    options: { ...GET.options, allowCredentials: [{ type: 'public-key', id }] },
  });
  assert.doesNotThrow(() => reads(ASSERTION, allowing(ASSERTION.id)));
  assert.throws(() => reads(ASSERTION, allowing('AAAA')), Malformed);
});

test('a member that is missing, or no base64url, is refused', () => {
  for (const member of ['clientDataJSON', 'authenticatorData', 'signature']) {
    for (const value of [undefined, 7, 'A', 'AA=']) {
      const response = { ...ASSERTION.response, [member]: value };
      assert.throws(() => reads({ ...ASSERTION, response }), Malformed, `${member} ${String(value)}`);
    }
  }
  assert.throws(() => reads(ASSERTION, { ...CREATE }), Malformed);
  assert.throws(() => reads({ ...ASSERTION, type: 'password' }), Malformed);
});
