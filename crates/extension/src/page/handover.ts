/**
 * How the page's world and the bridge beside it come to share a port that no script of the page ever holds.
 *
 * Both are run at document_start, one right after the other, before the page's first script. The bridge, which comes
 * second, hands one end over in an event that is dispatched and taken within a single call; then the listener is gone.
 */

const EVENT = 'keyfold:port';

/** In the page's world: takes the port that the bridge is about to offer. */
export function takePort(take: (port: MessagePort) => void): void {
  window.addEventListener(
    EVENT,
    (event) => {
      const port = (event as MessageEvent).ports[0];
      if (port === undefined) return;
      event.stopImmediatePropagation();
      event.preventDefault();
      take(port);
    },
    { once: true, capture: true },
  );
}

/** In the bridge: offers a port, and gives the other end if it was taken. */
export function offerPort(): MessagePort | undefined {
  const { port1, port2 } = new MessageChannel();
  const offer = new MessageEvent(EVENT, { cancelable: true, ports: [port2] });
  const untaken = window.dispatchEvent(offer);
  return untaken ? undefined : port1;
}
