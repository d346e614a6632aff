/**
 * The options of a page's call, as the JSON of WebAuthn §5.1.8 and §5.1.9. The agent checks them; whatever the page
 * spoils on the way in, it spoils for itself.
 */

import { encode } from '../base64url.ts';
import type { OptionsJson } from '../protocol.ts';
import { bare, isArray, isView } from './primitives.ts';

const CREATION = [
  'rp',
  'user',
  'challenge',
  'pubKeyCredParams',
  'timeout',
  'excludeCredentials',
  'authenticatorSelection',
  'hints',
  'attestation',
  'extensions',
];
const REQUEST = ['challenge', 'timeout', 'rpId', 'allowCredentials', 'userVerification', 'hints', 'extensions'];
const SIGNAL = ['rpId', 'credentialId', 'userId', 'allAcceptedCredentialIds', 'name', 'displayName'];
/** `extensions.prf.evalByCredential[id].first` is the deepest. */
const DEEPEST = 6;

export const creationOptions = (given: object): OptionsJson => pick(given, CREATION);
export const requestOptions = (given: object): OptionsJson => pick(given, REQUEST);
export const signalOptions = (given: object): OptionsJson => pick(given, SIGNAL);

function pick(given: object, members: readonly string[]): OptionsJson {
  const picked = bare<Record<string, unknown>>({});
  for (let index = 0; index < members.length; index += 1) {
    const key = members[index] as string;
    put(picked, key, (given as Record<string, unknown>)[key], 0);
  }
  return picked;
}

function put(into: Record<string, unknown>, key: string, value: unknown, depth: number): void {
  const json = jsonOf(value, depth);
  if (json !== undefined) into[key] = json;
}

function jsonOf(value: unknown, depth: number): unknown {
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return value;
  if (typeof value !== 'object' || value === null) return undefined;
  if (depth > DEEPEST) throw new TypeError('The options are nested too deeply.');
  if (isView(value)) return encode(new Uint8Array(value.buffer, value.byteOffset, value.byteLength));
  if (value instanceof ArrayBuffer) return encode(new Uint8Array(value));
  if (isArray(value)) {
    const items: unknown[] = [];
    for (let index = 0; index < value.length; index += 1) items[index] = jsonOf(value[index], depth + 1) ?? null;
    return items;
  }
  const members = bare<Record<string, unknown>>({});
  // Members that are inherited count: page libraries pass instances of classes.
  for (const key in value) put(members, key, (value as Record<string, unknown>)[key], depth + 1);
  return members;
}
