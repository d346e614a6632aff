/**
 * Related origins (WebAuthn §5.11), for requests that do not come through Chromium, which resolves them itself.
 *
 * Of the sites that an RP id names, those of the first five registrable labels count (`shop` in `shop.co.uk`). To know
 * that label takes the public suffix list, which is not carried here. A host without its last label stands for it: the
 * registrable label is always part of that, so two labels are never taken for one. One label may be taken for several,
 * and a site be refused that Chromium would accept.
 */

const MOST_LABELS = 5;
const MOST_BYTES = 65_536;
const WITHIN_MS = 5_000;

/** Whether the RP id's own site says that this origin may use it. */
export async function isRelatedOrigin(rpId: string, origin: string): Promise<boolean> {
  if (!isFetchable(rpId)) return false;
  try {
    return namesOrigin(await wellKnown(rpId), origin);
  } catch {
    return false;
  }
}

/** Whether an RP id lies outside an origin's domain, so that only its own site can lend it. */
export function isForeign(rpId: string, origin: string): boolean {
  const host = new URL(origin).hostname;
  return host !== rpId && !host.endsWith(`.${rpId}`);
}

/** Reads the document of `/.well-known/webauthn` in the order that the standard sets. */
export function namesOrigin(document: unknown, origin: string): boolean {
  const origins = (document as { origins?: unknown } | null)?.origins;
  if (!Array.isArray(origins)) return false;
  const labels = new Set<string>();
  for (const named of origins) {
    if (typeof named !== 'string' || !URL.canParse(named)) continue;
    const url = new URL(named);
    const label = labelOf(url.hostname);
    if (label === '') continue;
    if (!labels.has(label) && labels.size >= MOST_LABELS) continue;
    labels.add(label);
    if (url.origin === origin) return true;
  }
  return false;
}

function labelOf(host: string): string {
  return host.slice(0, Math.max(host.lastIndexOf('.'), 0));
}

/** A domain of at least two labels, written as browsers write it; no address, no port. */
function isFetchable(rpId: string): boolean {
  const url = `https://${rpId}/`;
  return URL.canParse(url) && new URL(url).host === rpId && /^[a-z0-9-]+(\.[a-z0-9-]+)*\.[a-z][a-z0-9-]*$/.test(rpId);
}

async function wellKnown(rpId: string): Promise<unknown> {
  const response = await fetch(`https://${rpId}/.well-known/webauthn`, {
    cache: 'no-store',
    credentials: 'omit',
    redirect: 'error',
    referrerPolicy: 'no-referrer',
    signal: AbortSignal.timeout(WITHIN_MS),
  });
  const type = response.headers.get('content-type')?.split(';')[0]?.trim().toLowerCase();
  if (!response.ok || type !== 'application/json' || response.body === null) return undefined;
  return JSON.parse(await limited(response.body));
}

async function limited(body: ReadableStream<Uint8Array>): Promise<string> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let text = '';
  let bytes = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return text + decoder.decode();
    bytes += value.length;
    if (bytes > MOST_BYTES) {
      await reader.cancel();
      throw new Error(`the document is over ${MOST_BYTES} bytes long`);
    }
    text += decoder.decode(value, { stream: true });
  }
}
