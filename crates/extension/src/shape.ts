/** Readers for what comes from outside: each gives the value in the type that it was asked for, or throws `Malformed`. */

export class Malformed extends Error {
  override readonly name = 'Malformed';
}

export function record(value: unknown, what: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Malformed(`${what} is no object`);
  return value as Record<string, unknown>;
}

export function text(value: unknown, what: string, longest = 1_000): string {
  if (typeof value !== 'string') throw new Malformed(`${what} is no text`);
  if (value.length > longest) throw new Malformed(`${what} is over ${longest} characters long`);
  return value;
}

export function whole(value: unknown, what: string, most = Number.MAX_SAFE_INTEGER): number {
  if (!Number.isSafeInteger(value) || (value as number) < 0 || (value as number) > most) {
    throw new Malformed(`${what} is no whole number up to ${most}`);
  }
  return value as number;
}

export function flag(value: unknown, what: string): boolean {
  if (typeof value !== 'boolean') throw new Malformed(`${what} is neither true nor false`);
  return value;
}

export function list<T>(value: unknown, what: string, most: number, each: (item: unknown) => T): T[] {
  if (!Array.isArray(value)) throw new Malformed(`${what} is no list`);
  if (value.length > most) throw new Malformed(`${what} has over ${most} entries`);
  return value.map(each);
}

export function oneOf<T extends string>(value: unknown, what: string, allowed: readonly T[]): T {
  const found = allowed.find((one) => one === value);
  if (found === undefined) throw new Malformed(`${what} is none of ${allowed.join(', ')}`);
  return found;
}

/** An optional member, to be spread into the object that has it: absent stays absent. */
export function optional<K extends string, T>(
  from: Record<string, unknown>,
  key: K,
  read: (value: unknown, what: string) => T,
): { [key in K]?: T } {
  const value = from[key];
  return value === undefined ? {} : ({ [key]: read(value, key) } as { [key in K]?: T });
}
