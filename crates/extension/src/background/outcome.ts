import type { DomError } from '../dom-error.ts';
import type { CredentialJson } from '../credential-json.ts';

/** How a ceremony ends for the page. */
export type Outcome =
  | { readonly kind: 'response'; readonly response: CredentialJson }
  | { readonly kind: 'error'; readonly error: DomError }
  /** The person wants another authenticator, or has to take one. */
  | { readonly kind: 'elsewhere' };

/** Who waits for the outcome: the browser's proxy or a page's script. It throws where it cannot take it. */
export type Deliver = (outcome: Outcome) => Promise<void>;
