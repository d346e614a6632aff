/** The PublicKeyCredential that a page gets: of the real prototypes, whose own getters would take no object but the browser's. */

import { decode } from '../base64url.ts';
import type { AssertionResponseJson, AttestationResponseJson, CredentialJson } from '../credential-json.ts';
import { bare, create, defineProperty, parse, stringify } from './primitives.ts';

const CREDENTIAL = PublicKeyCredential.prototype;
const ATTESTATION = AuthenticatorAttestationResponse.prototype;
const ASSERTION = AuthenticatorAssertionResponse.prototype;

export function credentialOf(json: CredentialJson): PublicKeyCredential {
  const text = stringify(json);
  const results = extensionResults(json.clientExtensionResults);
  const credential = create(CREDENTIAL) as PublicKeyCredential;
  attributes(credential, {
    id: json.id,
    rawId: decode(json.rawId),
    type: json.type,
    authenticatorAttachment: json.authenticatorAttachment ?? null,
    response: 'signature' in json.response ? assertion(json.response) : attestation(json.response),
  });
  methods(credential, {
    getClientExtensionResults: () => results,
    toJSON: () => parse(text) as unknown,
  });
  return credential;
}

function attestation(json: AttestationResponseJson): object {
  const response = create(ATTESTATION) as object;
  const authenticatorData = decode(json.authenticatorData);
  const publicKey = json.publicKey === undefined ? null : decode(json.publicKey);
  const transports = stringify(json.transports);
  attributes(response, {
    clientDataJSON: decode(json.clientDataJSON),
    attestationObject: decode(json.attestationObject),
  });
  methods(response, {
    getAuthenticatorData: () => authenticatorData,
    getPublicKey: () => publicKey,
    getPublicKeyAlgorithm: () => json.publicKeyAlgorithm,
    getTransports: () => parse(transports) as unknown,
  });
  return response;
}

function assertion(json: AssertionResponseJson): object {
  const response = create(ASSERTION) as object;
  attributes(response, {
    clientDataJSON: decode(json.clientDataJSON),
    authenticatorData: decode(json.authenticatorData),
    signature: decode(json.signature),
    userHandle: json.userHandle === undefined ? null : decode(json.userHandle),
  });
  return response;
}

/** The outputs whose values are bytes; all others are in JSON as they are for a page. */
const BYTES: Readonly<Record<string, readonly string[]>> = bare({
  prf: ['results'],
  results: ['first', 'second'],
  largeBlob: ['blob'],
});

function extensionResults(json: Readonly<Record<string, unknown>>): object {
  const results = parse(stringify(json)) as Record<string, unknown>;
  openBytes(results, 'prf');
  openBytes(results, 'largeBlob');
  bytesAt(results, 'getCredBlob');
  return results;
}

function openBytes(outputs: Record<string, unknown>, name: string): void {
  const output = outputs[name];
  const members = BYTES[name];
  if (typeof output !== 'object' || output === null || members === undefined) return;
  for (let index = 0; index < members.length; index += 1) {
    const member = members[index] as string;
    if (BYTES[member] === undefined) bytesAt(output as Record<string, unknown>, member);
    else openBytes(output as Record<string, unknown>, member);
  }
}

function bytesAt(outputs: Record<string, unknown>, member: string): void {
  const value = outputs[member];
  if (typeof value === 'string') outputs[member] = decode(value);
}

function attributes(object: object, values: Record<string, unknown>): void {
  const own = bare(values);
  for (const key in own) {
    const value = own[key];
    defineProperty(object, key, bare({ get: () => value, enumerable: true, configurable: true }));
  }
}

function methods(object: object, functions: Record<string, () => unknown>): void {
  const own = bare(functions);
  for (const key in own) {
    defineProperty(object, key, bare({ value: own[key], writable: true, configurable: true }));
  }
}
