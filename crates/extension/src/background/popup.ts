import { parseFromPopup, type ToPopup } from '../popup-message.ts';
import type { Agent } from './agent.ts';
import type { Elsewhere } from './elsewhere.ts';

export const PAGE = 'popup.html';
/** A passphrase is stretched, which takes a while on a small machine. */
const WITHIN_MS = 20_000;

/** Answers the popup; the caller has made sure that it is the popup that asks. */
export async function answerPopup(given: unknown, agent: Agent, elsewhere: Elsewhere): Promise<ToPopup> {
  const answer = await agent.askOnce(parseFromPopup(given), WITHIN_MS);
  return {
    agent:
      answer.type === 'status' || answer.type === 'error'
        ? answer
        : { type: 'error', code: 'failed', message: 'Keyfold’s agent answered something else.' },
    elsewhere: elsewhere.active,
    ...(elsewhere.refused === undefined ? {} : { refused: elsewhere.refused }),
  };
}
