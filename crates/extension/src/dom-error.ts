/** The errors that WebAuthn lets a page see. */

export const DOM_ERROR_NAMES = [
  'AbortError',
  'ConstraintError',
  'DataError',
  'EncodingError',
  'InvalidStateError',
  'NotAllowedError',
  'NotReadableError',
  'NotSupportedError',
  'OperationError',
  'SecurityError',
  'TypeError',
  'UnknownError',
] as const;

export interface DomError {
  readonly name: (typeof DOM_ERROR_NAMES)[number];
  readonly message: string;
}

/** What a refusal, a lapse of time and an absent passkey look like to a page: all the same. */
export const NOT_ALLOWED: DomError = {
  name: 'NotAllowedError',
  message: 'The operation either timed out or was not allowed.',
};
