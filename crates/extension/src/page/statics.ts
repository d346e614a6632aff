/** The static methods of `PublicKeyCredential` that tell what is there, and those that tell what a site knows. */

import { SIGNALS, type Signal } from '../protocol.ts';
import { errorOf, type BridgePort } from './bridge-port.ts';
import { signalOptions } from './options.ts';
import { PromiseOfPage, apply, bare, then } from './primitives.ts';
import { replace, type Method } from './replace.ts';

const METHODS: Readonly<Record<Signal, string>> = bare({
  unknownCredential: 'signalUnknownCredential',
  allAcceptedCredentials: 'signalAllAcceptedCredentials',
  currentUserDetails: 'signalCurrentUserDetails',
});

export function wrapStatics(bridge: BridgePort): void {
  replace(PublicKeyCredential, 'isConditionalMediationAvailable', () => ({ f: () => resolved(true) }).f);
  replace(PublicKeyCredential, 'getClientCapabilities', (original) => capabilities(original));
  for (let index = 0; index < SIGNALS.length; index += 1) {
    const signal = SIGNALS[index] as Signal;
    replace(PublicKeyCredential, METHODS[signal], (original) => signals(bridge, signal, original));
  }
  // In Chromium the proxy is asked.
  if (FOR_FIREFOX) {
    replace(PublicKeyCredential, 'isUserVerifyingPlatformAuthenticatorAvailable', (original) =>
      availability(bridge, original),
    );
  }
}

function capabilities(original: Method | undefined): Method {
  return () => {
    const known = original === undefined ? resolved({}) : (apply(original, PublicKeyCredential, []) as Promise<object>);
    return then(known, (browsers) => {
      const all = browsers as Record<string, boolean>;
      all['conditionalGet'] = true;
      for (let index = 0; index < SIGNALS.length; index += 1) all[METHODS[SIGNALS[index] as Signal]] = true;
      return all;
    });
  };
}

/** The browser's own passkeys are told as well, and its checks of the arguments come first. */
function signals(bridge: BridgePort, signal: Signal, original: Method | undefined): Method {
  return (...args) => {
    const known =
      original === undefined ? resolved(undefined) : (apply(original, PublicKeyCredential, args) as Promise<void>);
    return then(
      known,
      () =>
        new PromiseOfPage<void>((resolve, reject) => {
          const options = signalOptions(args[0] as object);
          bridge.ask({ do: 'signal', signal, options }, (reply) => {
            if (reply.kind === 'error') reject(errorOf(reply.error));
            else resolve();
          });
        }),
    );
  };
}

function availability(bridge: BridgePort, original: Method | undefined): Method {
  return () =>
    new PromiseOfPage((resolve) => {
      bridge.ask({ do: 'available' }, (reply) => {
        if (reply.kind === 'available' && reply.available) resolve(true);
        else resolve(original === undefined ? false : apply(original, PublicKeyCredential, []));
      });
    });
}

function resolved<T>(value: T): Promise<T> {
  return new PromiseOfPage((resolve) => resolve(value));
}
