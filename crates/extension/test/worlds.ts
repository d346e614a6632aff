/** Requests and what an agent answers them with. */

import type { AssertionResponseJson, AttestationResponseJson, CredentialJson } from '../src/credential-json.ts';
import type { CeremonyRequest, Kind, Prompt } from '../src/protocol.ts';

export const ORIGIN = 'https://shop.example';
const CHALLENGE = 'd2hhdGV2ZXItaXQtaXM';

export const clientData = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

function request(kind: Kind, more: object): CeremonyRequest {
  const options = { challenge: CHALLENGE, ...more };
  return { kind, origin: ORIGIN, crossOrigin: false, rpIdChecked: true, options };
}

export const GET = request('get', { rpId: 'shop.example' });
export const CREATE = request('create', { rp: { id: 'shop.example', name: 'The Shop' } });

function credential<R>(kind: Kind, response: R): CredentialJson<R & { clientDataJSON: string }> {
  const clientDataJSON = clientData({
    type: `webauthn.${kind}`,
    challenge: CHALLENGE,
    origin: ORIGIN,
    crossOrigin: false,
  });
  return {
    id: 'Y3JlZGVudGlhbA',
    rawId: 'Y3JlZGVudGlhbA',
    type: 'public-key',
    authenticatorAttachment: 'platform',
    clientExtensionResults: {},
    response: { clientDataJSON, ...response },
  };
}

export const ASSERTION: CredentialJson<AssertionResponseJson> = credential('get', {
  authenticatorData: 'AAAA',
  signature: 'BBBB',
  userHandle: 'CCCC',
});

export const ATTESTATION: CredentialJson<AttestationResponseJson> = credential('create', {
  authenticatorData: 'AAAA',
  attestationObject: 'DDDD',
  transports: ['internal'],
  publicKeyAlgorithm: -7,
  publicKey: 'EEEE',
});

/** What the agent asks of the person; `id` is the ceremony's. */
export function prompt(id: number, more: Partial<Prompt> = {}): Prompt {
  return {
    type: 'prompt',
    id,
    prompt: 1,
    action: 'sign-in',
    rp: { id: 'shop.example' },
    accounts: [{ name: 'anna' }],
    device: 'laptop',
    verify: 'none',
    secondsLeft: 120,
    ...more,
  };
}
