import assert from 'node:assert/strict';
import { test } from 'node:test';
import { creationOptions, requestOptions, signalOptions } from '../src/page/options.ts';
import { ASSERTION, ATTESTATION } from './worlds.ts';

class PublicKeyCredential {}
class AuthenticatorAttestationResponse {}
class AuthenticatorAssertionResponse {}
Object.assign(globalThis, { PublicKeyCredential, AuthenticatorAttestationResponse, AuthenticatorAssertionResponse });
// It takes the browser's prototypes as it is loaded.
const { credentialOf } = await import('../src/page/credential.ts');

const json = (options: object): unknown => JSON.parse(JSON.stringify(options));
const BYTES = Uint8Array.of(1, 2, 3, 250);

test('bytes of every kind become base64url, wherever they stand', () => {
  const view = new DataView(Uint8Array.of(9, 1, 2, 3, 250).buffer, 1);
  const id = { type: 'public-key', id: BYTES.buffer };
  const prf = { evalByCredential: { AQID: { first: BYTES, second: view } } };
  assert.deepEqual(json(requestOptions({ challenge: view, allowCredentials: [id], extensions: { prf }, other: 1 })), {
    challenge: 'AQID-g',
    allowCredentials: [{ type: 'public-key', id: 'AQID-g' }],
    extensions: { prf: { evalByCredential: { AQID: { first: 'AQID-g', second: 'AQID-g' } } } },
  });
});

test('inherited members count, functions and absent ones do not', () => {
  class User {
    id = BYTES;
    name = 'anna';
    displayName = undefined;
    save = (): void => undefined;
  }
  const given = { rp: { name: 'The Shop' }, user: Object.create(new User()) as object, timeout: 5, attestation: null };
  assert.deepEqual(json(creationOptions(given)), {
    rp: { name: 'The Shop' },
    user: { id: 'AQID-g', name: 'anna' },
    timeout: 5,
  });
});

test('options without a bottom are refused', () => {
  const extensions: Record<string, unknown> = {};
  extensions['loop'] = extensions;
  assert.throws(() => requestOptions({ extensions }), TypeError);
});

test('a signal says what it says', () => {
  const signal = { rpId: 'shop.example', userId: 'AQID', allAcceptedCredentialIds: ['AQID'], extra: 1 };
  const { extra: _, ...said } = signal;
  assert.deepEqual(json(signalOptions(signal)), said);
});

test('a page gets a credential of the browser’s kind', () => {
  const credential = credentialOf({
    ...ASSERTION,
    clientExtensionResults: { prf: { results: { first: 'AQID' } }, largeBlob: { blob: 'AQID' }, appid: false },
  });
  assert.ok(credential instanceof PublicKeyCredential);
  assert.ok(credential.response instanceof AuthenticatorAssertionResponse);
  assert.equal(credential.id, ASSERTION.id);
  assert.equal(Buffer.from(credential.rawId).toString('base64url'), ASSERTION.rawId);
  assert.equal(credential.authenticatorAttachment, 'platform');
  const response = credential.response as unknown as Record<string, ArrayBuffer>;
  for (const member of ['clientDataJSON', 'authenticatorData', 'signature', 'userHandle'] as const) {
    assert.equal(Buffer.from(response[member] as ArrayBuffer).toString('base64url'), ASSERTION.response[member]);
  }
  const first = Uint8Array.of(1, 2, 3).buffer;
  assert.deepEqual(credential.getClientExtensionResults(), {
    prf: { results: { first } },
    largeBlob: { blob: first },
    appid: false,
  });
});

test('a new credential has the methods of its kind, and its JSON is what the agent wrote', () => {
  const credential = credentialOf(ATTESTATION);
  assert.ok(credential.response instanceof AuthenticatorAttestationResponse);
  const response = credential.response as unknown as Record<string, () => unknown>;
  assert.deepEqual(response['getTransports']?.(), ['internal']);
  assert.equal(response['getPublicKeyAlgorithm']?.(), -7);
  assert.ok(response['getPublicKey']?.() instanceof ArrayBuffer);
  assert.deepEqual(credential.toJSON(), ATTESTATION);
  assert.deepEqual(JSON.parse(JSON.stringify(credential)), ATTESTATION);
});
