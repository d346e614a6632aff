import { bare, defineProperty, getOwnPropertyDescriptor } from './primitives.ts';

export type Method = (this: unknown, ...args: unknown[]) => unknown;

/** Puts a method in the place of the browser's, where its property looks as before. Gives the browser's own. */
export function replace(owner: object, name: string, make: (original: Method | undefined) => Method): void {
  const before = getOwnPropertyDescriptor(owner, name);
  const value = make(before?.value as Method | undefined);
  defineProperty(value, 'name', bare({ value: name, configurable: true }));
  defineProperty(
    owner,
    name,
    bare({ value, writable: true, enumerable: before?.enumerable ?? true, configurable: true }),
  );
}
