import type { DomError } from '../dom-error.ts';
import type { FromBridge } from '../page-message.ts';

interface Answers {
  candidates: number;
  available: boolean;
  signal: DomError | null;
  'no-longer-waiting': undefined;
}

/** Asks the worker. Nothing comes from one of an extension that was updated under a page that is still open. */
export async function askWorker<M extends FromBridge>(message: M): Promise<Answers[M['type']] | undefined> {
  try {
    return (await chrome.runtime.sendMessage(message)) as Answers[M['type']] | undefined;
  } catch {
    return undefined;
  }
}
