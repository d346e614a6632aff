/** Draws the number of a request; it need not be secret, but must not be in use. */
export function drawId(inUse: { has(id: number): boolean }): number {
  for (;;) {
    const [id] = crypto.getRandomValues(new Uint32Array(1));
    if (id !== undefined && !inUse.has(id)) return id;
  }
}
