import { MOST_OPTIONS, type CeremonyRequest, type Kind } from '../protocol.ts';
import { Malformed, flag, record, text } from '../shape.ts';

/**
 * Reads a request of the browser's proxy. What Chromium says of the page stands among the extensions of the options,
 * where no page can write it; the agent gets the options without it.
 */
export function parseRequestDetails(kind: Kind, json: string): CeremonyRequest {
  if (json.length > MOST_OPTIONS) throw new Malformed(`the options are over ${MOST_OPTIONS} characters long`);
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
