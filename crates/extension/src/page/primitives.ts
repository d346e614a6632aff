/**
 * What the page's world needs of the language, taken before the page's first script and never looked up again: a
 * prototype that the page changes later changes nothing here. For the same reason the scripts of this world iterate by
 * index, await nothing, and build what they send without prototypes.
 */

const { bind, call } = Function.prototype;

/** `uncurry(f)(self, ...args)` is `f.call(self, ...args)`, without asking `f` for its `call`. */
const uncurry = bind.bind(call as never) as <S, A extends unknown[], R>(
  f: (this: S, ...args: A) => R,
) => (self: S, ...args: A) => R;

export const { apply, defineProperty, getOwnPropertyDescriptor } = Reflect;
export const { create } = Object;
export const { isArray } = Array;
export const { isView } = ArrayBuffer;
export const { parse, stringify } = JSON;
export const PromiseOfPage = Promise;
export const ErrorOfPage = DOMException;
export const TypeErrorOfPage = TypeError;
export const then = uncurry(Promise.prototype.then) as <T, R>(
  promise: Promise<T>,
  fulfilled: (value: T) => R | PromiseLike<R>,
  rejected?: (reason: unknown) => R | PromiseLike<R>,
) => Promise<R>;

export const listen = uncurry(EventTarget.prototype.addEventListener);
export const unlisten = uncurry(EventTarget.prototype.removeEventListener);
export const post = uncurry(MessagePort.prototype.postMessage as (message: unknown) => void);
export const startPort = uncurry(MessagePort.prototype.start);
export const dataOf = getter(MessageEvent.prototype, 'data');
export const isAborted = getter(AbortSignal.prototype, 'aborted') as (signal: AbortSignal) => boolean;
export const abortReason = getter(AbortSignal.prototype, 'reason');

/** The getter of an attribute, as a function of the object. */
function getter(prototype: object, key: string): (self: unknown) => unknown {
  const get = getOwnPropertyDescriptor(prototype, key)?.get;
  if (get === undefined) throw new TypeError(`${key} is no attribute`);
  return uncurry(get as (this: unknown) => unknown);
}

const { assign } = Object;

/** An object without a prototype, so that nothing is found in it but what was put there. */
export function bare<T extends object>(members: T): T {
  return assign(create(null) as T, members);
}
