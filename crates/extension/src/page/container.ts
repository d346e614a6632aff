/** `navigator.credentials.get` and `create`, where a call is one that the browser would not bring to Keyfold. */

import type { Reply } from '../page-message.ts';
import type { BridgePort } from './bridge-port.ts';
import { errorOf } from './bridge-port.ts';
import { credentialOf } from './credential.ts';
import { creationOptions, requestOptions } from './options.ts';
import { PromiseOfPage, abortReason, apply, bare, isAborted, listen, unlisten } from './primitives.ts';
import { replace, type Method } from './replace.ts';

type Asked = CredentialRequestOptions & CredentialCreationOptions;

export function wrapContainer(bridge: BridgePort): void {
  const container = navigator.credentials;
  const wrap = (name: 'create' | 'get', ours: (asked: Asked) => boolean): void =>
    replace(
      CredentialsContainer.prototype,
      name,
      (original) =>
        ({
          wrapped(this: unknown, ...args: unknown[]): unknown {
            const asked = args[0] as Asked;
            const elsewhere = (): unknown => apply(original as Method, this, args);
            return this === container && ours(asked) ? run(bridge, name, asked, elsewhere) : elsewhere();
          },
        }).wrapped,
    );
  wrap('get', FOR_FIREFOX ? isForPasskey : isConditional);
  if (FOR_FIREFOX) wrap('create', isForPasskey);
}

/** A call that cannot be read is left to the browser, which knows the right error. */
function isForPasskey(asked: Asked | undefined): boolean {
  try {
    return typeof asked?.publicKey === 'object' && asked.publicKey !== null;
  } catch {
    return false;
  }
}

function isConditional(asked: Asked | undefined): boolean {
  return isForPasskey(asked) && asked?.mediation === 'conditional';
}

function run(bridge: BridgePort, name: 'create' | 'get', asked: Asked, elsewhere: () => unknown): Promise<unknown> {
  return new PromiseOfPage((resolve, reject) => {
    const { signal, publicKey } = asked;
    if (signal !== undefined && isAborted(signal)) return reject(abortReason(signal));
    const options = name === 'create' ? creationOptions(publicKey as object) : requestOptions(publicKey as object);
    const action = name === 'get' && isConditional(asked) ? 'conditional' : name;
    const abort = (): void => {
      bridge.abort(call);
      reject(abortReason(signal));
    };
    const call = bridge.ask({ do: action, options }, (reply) => {
      if (signal !== undefined) unlisten(signal, 'abort', abort);
      settle(reply, resolve, reject, elsewhere);
    });
    if (signal !== undefined) listen(signal, 'abort', abort, bare({ once: true }));
  });
}

function settle(
  reply: Reply,
  resolve: (value: unknown) => void,
  reject: (reason: unknown) => void,
  elsewhere: () => unknown,
): void {
  switch (reply.kind) {
    case 'response':
      return resolve(credentialOf(reply.response));
    case 'error':
      return reject(errorOf(reply.error));
    default:
      return resolve(elsewhere());
  }
}
