/** The popup: how the vault stands, and its lock. */

import { byId } from '../by-id.ts';
import type { FromPopup, ToPopup } from '../popup-message.ts';
import { draw, drawProblem } from './view.ts';

async function ask(message: FromPopup): Promise<ToPopup> {
  return (await chrome.runtime.sendMessage(message)) as ToPopup;
}

/** Locks or unlocks. A refusal leaves the status as it is drawn, and says why. */
async function change(message: FromPopup): Promise<void> {
  drawProblem('');
  const answer = await ask(message);
  const { agent } = answer;
  if (agent.type === 'error' && agent.code !== 'no-agent' && agent.code !== 'no-host') drawProblem(agent.message);
  else draw(answer);
}

byId('lock').addEventListener('click', () => void change({ type: 'lock' }));
byId('unlock').addEventListener('submit', (event) => {
  event.preventDefault();
  const field = byId<HTMLInputElement>('passphrase');
  const passphrase = field.value;
  field.value = '';
  void change({ type: 'unlock', passphrase });
});

void ask({ type: 'status' }).then(draw);
