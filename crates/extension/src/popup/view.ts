/** Draws what the agent said of itself. */

import { byId } from '../by-id.ts';
import type { Code, Recent, Status } from '../protocol.ts';
import type { ToPopup } from '../popup-message.ts';
import { isolated, siteText } from '../site-text.ts';

/** What a person can do about an agent that cannot be reached. */
const REMEDIES: Partial<Record<Code, { reason: string; command: string }>> = {
  'no-agent': { reason: 'Keyfold’s agent is not running.', command: 'keyfold agent' },
  'no-host': { reason: 'The browser does not know where Keyfold is.', command: 'keyfold browser install' },
};

export function draw({ agent, elsewhere, refused }: ToPopup): void {
  byId('waiting').hidden = true;
  byId('elsewhere').hidden = !elsewhere;
  byId('refused').hidden = refused === undefined;
  byId('refused-why').textContent = siteText(refused ?? '', 200);
  byId('status').hidden = agent.type !== 'status';
  byId('unreachable').hidden = agent.type === 'status';
  if (agent.type === 'status') return drawStatus(agent);
  const remedy = REMEDIES[agent.code];
  byId('reason').textContent = remedy?.reason ?? siteText(agent.message, 300);
  byId('remedy').hidden = remedy === undefined;
  byId('command').hidden = remedy === undefined;
  byId('command').textContent = remedy?.command ?? '';
}

/** Says why the vault was neither locked nor unlocked. */
export function drawProblem(message: string): void {
  byId('problem').textContent = siteText(message, 300);
}

function drawStatus(status: Status): void {
  byId('test-mode').hidden = !status.testMode;
  byId('locked').textContent = status.locked ? 'locked' : 'unlocked';
  byId('device').textContent = siteText(status.device);
  byId('account').textContent = siteText(status.account, 80);
  byId('profile').textContent = siteText(status.profile);
  byId('passkeys').textContent = status.passkeys === null ? 'not known while it is locked' : String(status.passkeys);
  byId('safety-number').textContent = siteText(status.safetyNumber, 200);
  byId('lock').hidden = status.locked;
  byId('unlock').hidden = !status.locked;
  byId('no-recent').hidden = status.recent.length > 0;
  byId('recent').replaceChildren(...status.recent.map(use));
}

function use({ rpId, account, at }: Recent): HTMLElement {
  const item = document.createElement('li');
  const quiet = document.createElement('span');
  quiet.className = 'quiet';
  const time = new Date(at);
  const when = Number.isNaN(time.getTime()) ? '' : time.toLocaleString();
  if (account !== undefined) quiet.append(isolated(siteText(account)), when === '' ? '' : ' · ');
  quiet.append(when);
  item.append(isolated(siteText(rpId, 253)), quiet);
  return item;
}
