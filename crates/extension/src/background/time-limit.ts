/** How long a ceremony may take. Chromium sets a page's `timeout` to at least 180 s and does not hold to it. */

const SHORTEST_MS = 15_000;
const LONGEST_MS = 600_000;
const DEFAULT_MS = 300_000;

export function timeLimit(timeout: unknown): number {
  if (typeof timeout !== 'number' || !Number.isFinite(timeout)) return DEFAULT_MS;
  return Math.min(Math.max(timeout, SHORTEST_MS), LONGEST_MS);
}
