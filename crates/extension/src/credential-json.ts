/**
 * Reads the agent's RegistrationResponseJSON and AuthenticationResponseJSON and holds them against the request.
 * Chromium takes `clientDataJSON` and `id` from an extension unchecked, so it is done here.
 */

import { decode } from './base64url.ts';
import type { CeremonyRequest, Kind } from './protocol.ts';
import { Malformed, list, oneOf, optional, record, text } from './shape.ts';

const LONGEST = 262_144;
const ATTACHMENTS = ['platform', 'cross-platform'] as const;

export interface AttestationResponseJson {
  readonly clientDataJSON: string;
  readonly authenticatorData: string;
  readonly attestationObject: string;
  readonly transports: readonly string[];
  readonly publicKeyAlgorithm: number;
  readonly publicKey?: string;
}

export interface AssertionResponseJson {
  readonly clientDataJSON: string;
  readonly authenticatorData: string;
  readonly signature: string;
  readonly userHandle?: string;
}

export interface CredentialJson<R = AttestationResponseJson | AssertionResponseJson> {
  readonly id: string;
  readonly rawId: string;
  readonly type: 'public-key';
  readonly authenticatorAttachment?: (typeof ATTACHMENTS)[number];
  readonly clientExtensionResults: Readonly<Record<string, unknown>>;
  readonly response: R;
}

export function parseCredential(value: unknown, request: CeremonyRequest): CredentialJson {
  const credential = shaped(value, request.kind);
  holdClientData(credential.response.clientDataJSON, request);
  const allowed = request.options['allowCredentials'];
  if (request.kind === 'get' && Array.isArray(allowed) && allowed.length > 0) {
    const named = allowed.some((one) => (one as { id?: unknown } | null)?.id === credential.id);
    if (!named) throw new Malformed('the passkey is none that the site allows');
  }
  return credential;
}

function shaped(value: unknown, kind: Kind): CredentialJson {
  const given = record(value, 'response');
  const id = bytes(given['id'], 'id');
  if (given['rawId'] !== id) throw new Malformed('id and rawId differ');
  const response = record(given['response'], 'response.response');
  return {
    id,
    rawId: id,
    type: oneOf(given['type'], 'type', ['public-key']),
    ...optional(given, 'authenticatorAttachment', attachment),
    clientExtensionResults: record(given['clientExtensionResults'], 'clientExtensionResults'),
    response: kind === 'create' ? attestationResponse(response) : assertionResponse(response),
  };
}

function attachment(value: unknown, what: string): (typeof ATTACHMENTS)[number] {
  return oneOf(value, what, ATTACHMENTS);
}

function attestationResponse(response: Record<string, unknown>): AttestationResponseJson {
  const algorithm = response['publicKeyAlgorithm'];
  if (!Number.isSafeInteger(algorithm)) throw new Malformed('publicKeyAlgorithm is no whole number');
  return {
    clientDataJSON: bytes(response['clientDataJSON'], 'clientDataJSON'),
    authenticatorData: bytes(response['authenticatorData'], 'authenticatorData'),
    attestationObject: bytes(response['attestationObject'], 'attestationObject'),
    transports: list(response['transports'], 'transports', 16, (one) => text(one, 'transport', 32)),
    publicKeyAlgorithm: algorithm as number,
    ...optional(response, 'publicKey', bytes),
  };
}

function assertionResponse(response: Record<string, unknown>): AssertionResponseJson {
  return {
    clientDataJSON: bytes(response['clientDataJSON'], 'clientDataJSON'),
    authenticatorData: bytes(response['authenticatorData'], 'authenticatorData'),
    signature: bytes(response['signature'], 'signature'),
    ...optional(response, 'userHandle', bytes),
  };
}

function bytes(value: unknown, what: string): string {
  const encoded = text(value, what, LONGEST);
  if (decode(encoded) === undefined) throw new Malformed(`${what} is no base64url`);
  return encoded;
}

function holdClientData(encoded: string, request: CeremonyRequest): void {
  const json = new TextDecoder().decode(decode(encoded));
  let parsed: unknown;
  try {
    parsed = JSON.parse(json);
  } catch {
    throw new Malformed('clientDataJSON is no JSON');
  }
  const clientData = record(parsed, 'clientDataJSON');
  const wanted = {
    type: `webauthn.${request.kind}`,
    challenge: request.options['challenge'],
    origin: request.origin,
    crossOrigin: request.crossOrigin,
  };
  for (const [key, value] of Object.entries(wanted)) {
    if (clientData[key] !== value) throw new Malformed(`clientDataJSON has another ${key}`);
  }
}
