import type { CeremonyRequest, Kind } from '../protocol.ts';
import { flag, record, text } from '../shape.ts';

/**
 * Reads a request of the browser's proxy. What Chromium says of the page stands among the extensions of the options,
 * where no page can write it; the agent gets the options without it.
 */
export function parseRequestDetails(kind: Kind, json: string): CeremonyRequest {
  const options = record(JSON.parse(json), 'the options');
  const { remoteDesktopClientOverride, ...extensions } = record(options['extensions'], 'extensions');
  const page = record(remoteDesktopClientOverride, 'remoteDesktopClientOverride');
  return {
    kind,
    origin: text(page['origin'], 'origin'),
    crossOrigin: !flag(page['sameOriginWithAncestors'], 'sameOriginWithAncestors'),
    rpIdChecked: true,
    options: { ...options, extensions },
  };
}
