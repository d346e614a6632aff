/**
 * Beside the page, in the extension's own world: passes the page's calls on to the worker, which takes origin, frame
 * and tab from the browser. What comes from the page's world is checked as if the page itself had written it.
 */

import { NOT_ALLOWED, type DomError } from '../dom-error.ts';
import { TOOLBAR_CLICKED, callIn, parseFromMain, type FromMain, type Reply } from '../page-message.ts';
import { AutofillWait } from './autofill-wait.ts';
import { CeremonyPort } from './ceremony-port.ts';
import { offerPort } from './handover.ts';
import { permission } from './permission.ts';
import { askWorker } from './worker.ts';

type Told = Reply extends infer R ? (R extends Reply ? Omit<R, 'call'> : never) : never;

const UNREADABLE: DomError = { name: 'TypeError', message: 'The options are malformed, or too long.' };

const port = offerPort();
const ceremonies = new Map<number, CeremonyPort>();
let wait: AutofillWait | undefined;

if (port !== undefined) {
  const reply = (call: number, told: Told): void => port.postMessage(JSON.stringify({ call, ...told }));
  port.onmessage = ({ data }) => {
    let message: FromMain;
    try {
      message = parseFromMain(data);
    } catch {
      return reply(callIn(data), { kind: 'error', error: UNREADABLE });
    }
    take(message, reply);
  };
  chrome.runtime.onMessage.addListener((message) => {
    if (message === TOOLBAR_CLICKED) wait?.turnedTo();
  });
  window.addEventListener('pagehide', () => wait?.unmark());
}

function take(message: FromMain, reply: (call: number, told: Told) => void): void {
  const { call } = message;
  const refuse = (): void => reply(call, { kind: 'error', error: NOT_ALLOWED });
  switch (message.do) {
    case 'abort':
      return abort(call);
    case 'available':
      return void askWorker({ type: 'available' }).then((available) =>
        reply(call, { kind: 'available', available: available === true }),
      );
    case 'signal': {
      const { signal, options } = message;
      return void askWorker({ type: 'signal', signal, options }).then((error) =>
        reply(call, error ? { kind: 'error', error } : { kind: 'done' }),
      );
    }
    case 'conditional':
      if (permission('get') !== 'granted') return refuse();
      wait?.replaced();
      wait = new AutofillWait(call, message.options, (told) => {
        wait = undefined;
        reply(call, told);
      });
      return;
    default:
      // In Chromium the browser hands these to its proxy, after checks that are not made here.
      if (!FOR_FIREFOX || permission(message.do) === 'denied') return refuse();
      // Firefox itself knows the frame's permissions.
      if (permission(message.do) === 'unknown') return reply(call, { kind: 'elsewhere' });
      ceremonies.set(
        call,
        new CeremonyPort(message.do, message.options, (outcome) => {
          ceremonies.delete(call);
          reply(call, outcome);
        }),
      );
  }
}

function abort(call: number): void {
  ceremonies.get(call)?.close();
  ceremonies.delete(call);
  if (wait?.call !== call) return;
  wait.stop();
  wait = undefined;
}
