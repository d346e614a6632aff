/** Whether a frame may ask for passkeys. In the bridge's world, where the page can replace none of what is read here. */

import type { Kind } from '../protocol.ts';

interface FeaturePolicy {
  allowsFeature(feature: string): boolean;
}

export function sameOriginWithAncestors(): boolean {
  if (window.top === window) return true;
  // Firefox has had no such list for long; without one a frame counts as foreign.
  const ancestors = location.ancestorOrigins as DOMStringList | undefined;
  return ancestors !== undefined && [...ancestors].every((origin) => origin === location.origin);
}

/** By the permissions policy of the page around it; where the browser does not tell it here, `unknown`. */
export function permission(kind: Kind): 'granted' | 'denied' | 'unknown' {
  if (sameOriginWithAncestors()) return 'granted';
  const { featurePolicy } = document as { featurePolicy?: FeaturePolicy };
  if (featurePolicy === undefined) return 'unknown';
  return featurePolicy.allowsFeature(`publickey-credentials-${kind}`) ? 'granted' : 'denied';
}
