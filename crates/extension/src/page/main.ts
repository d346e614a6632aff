/**
 * In the page's world, before the page's first script: wraps what Chromium's proxy never sees, and in Firefox, which
 * has no proxy, all of WebAuthn. Nothing in it may be used against the user: it holds a port to ask on, as any script
 * of the page can ask through `navigator.credentials`, and it learns neither who has passkeys nor for which accounts.
 */

import { BridgePort } from './bridge-port.ts';
import { wrapContainer } from './container.ts';
import { takePort } from './handover.ts';
import { wrapStatics } from './statics.ts';

if (window.isSecureContext && typeof PublicKeyCredential === 'function') {
  takePort((port) => {
    const bridge = new BridgePort(port);
    wrapContainer(bridge);
    wrapStatics(bridge);
  });
}
