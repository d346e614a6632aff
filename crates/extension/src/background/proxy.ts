/** The requests that Chromium hands to its WebAuthn proxy: it has decided on origin, frames, policy and RP id by then. */

import type { DomError } from '../dom-error.ts';
import type { CeremonyRequest, Kind } from '../protocol.ts';
import type { Agent } from './agent.ts';
import { authenticatorIsThere } from './availability.ts';
import type { Ceremonies } from './ceremonies.ts';
import { proxyDelivery } from './proxy-delivery.ts';
import { parseRequestDetails } from './request-details.ts';

const UNREADABLE: DomError = { name: 'UnknownError', message: 'The request could not be read.' };

/** Listens; events that wake the worker are only heard by listeners that are there at once. */
export function listenToProxy(agent: Agent, ceremonies: Ceremonies): void {
  const proxy = chrome.webAuthenticationProxy;
  const begin = (kind: Kind) => (asked: { requestId: number; requestDetailsJson: string }) => {
    const { requestId } = asked;
    const deliver = proxyDelivery(kind, requestId);
    let request: CeremonyRequest;
    try {
      request = parseRequestDetails(kind, asked.requestDetailsJson);
    } catch (error) {
      console.error('The browser’s request could not be read:', error);
      void deliver({ kind: 'error', error: UNREADABLE });
      return;
    }
    ceremonies.begin({ request, deliver, requestId });
  };
  proxy.onCreateRequest.addListener(begin('create'));
  proxy.onGetRequest.addListener(begin('get'));
  proxy.onRequestCanceled.addListener((requestId) => void ceremonies.cancelled(requestId));
  proxy.onIsUvpaaRequest.addListener(async ({ requestId }) => {
    await proxy.completeIsUvpaaRequest({ requestId, isUvpaa: await authenticatorIsThere(agent) });
  });
}
