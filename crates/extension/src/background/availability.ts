import type { Agent } from './agent.ts';

/** Pages wait for this before they draw a button. */
const WITHIN_MS = 1_500;

/** Whether an agent answers: it verifies its person by PIN or passphrase, even while its vault is locked. */
export async function authenticatorIsThere(agent: Agent): Promise<boolean> {
  return (await agent.askOnce({ type: 'status' }, WITHIN_MS)).type === 'status';
}
