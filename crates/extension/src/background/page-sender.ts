/** Who a page's script is, by the browser's word alone: nothing that a page says of itself is taken. */

import type { CeremonyRequest } from '../protocol.ts';

export interface PageSender extends Pick<CeremonyRequest, 'origin' | 'crossOrigin' | 'topOrigin'> {
  readonly tabId: number;
  readonly frameId: number;
}

/**
 * The page behind a content script. In a frame `sameOriginWithAncestors` is the content script's word, which the
 * browser has no field for; it can only make a frame of the tab's own origin count as one of another.
 */
export function pageSender(
  sender: chrome.runtime.MessageSender | undefined,
  sameOriginWithAncestors: boolean,
): PageSender | undefined {
  const { id, origin, tab, frameId } = sender ?? {};
  if (id !== chrome.runtime.id || origin === undefined || tab?.id === undefined || frameId === undefined)
    return undefined;
  if (!isTrustworthy(origin)) return undefined;
  const topOrigin = originOf(tab.url);
  const crossOrigin = frameId !== 0 && !(sameOriginWithAncestors && topOrigin === origin);
  return {
    origin,
    crossOrigin,
    ...(crossOrigin && topOrigin !== undefined && isTrustworthy(topOrigin) ? { topOrigin } : {}),
    tabId: tab.id,
    frameId,
  };
}

/** Origins that may have passkeys: https, and http on this machine by name. */
function isTrustworthy(origin: string): boolean {
  return /^https:\/\/[^/]+$/.test(origin) || /^http:\/\/([^/:]+\.)?localhost(:\d+)?$/.test(origin);
}

function originOf(url: string | undefined): string | undefined {
  return url !== undefined && URL.canParse(url) ? new URL(url).origin : undefined;
}
