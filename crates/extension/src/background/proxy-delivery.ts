import { NOT_ALLOWED } from '../dom-error.ts';
import type { Kind } from '../protocol.ts';
import type { Deliver, Outcome } from './outcome.ts';

/** Completes a request of the browser's proxy. It cannot be handed back, so `elsewhere` is a refusal too. */
export function proxyDelivery(kind: Kind, requestId: number): Deliver {
  const { completeCreateRequest, completeGetRequest } = chrome.webAuthenticationProxy;
  const complete = kind === 'create' ? completeCreateRequest : completeGetRequest;
  return (outcome) => complete({ requestId, ...result(outcome) });
}

function result(outcome: Outcome): { responseJson: string } | { error: { name: string; message: string } } {
  switch (outcome.kind) {
    case 'response':
      return { responseJson: JSON.stringify(outcome.response) };
    case 'error':
      return { error: outcome.error };
    case 'elsewhere':
      return { error: NOT_ALLOWED };
  }
}
