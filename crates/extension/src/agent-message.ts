/** Reads a message of the agent: nothing of it is used before it has this shape. */

import { DOM_ERROR_NAMES } from './dom-error.ts';
import { ACTIONS, CODES, VERIFY, type Account, type FromAgent, type Prompt, type Status } from './protocol.ts';
import { Malformed, flag, list, oneOf, optional, record, text, whole } from './shape.ts';

const MOST_ACCOUNTS = 1_000;
const MOST_RECENT = 100;
const LONGEST_CEREMONY_SECONDS = 3_600;

export function parseAgentMessage(value: unknown): FromAgent {
  const message = record(value, 'the message');
  const type = text(message['type'], 'type');
  if (type === 'hello') {
    return { type, protocol: whole(message['protocol'], 'protocol'), agent: text(message['agent'], 'agent') };
  }
  const id = whole(message['id'], 'id');
  switch (type) {
    case 'prompt':
      return prompt(id, message);
    case 'result':
      return { type, id, response: record(message['response'], 'response') };
    case 'error':
      return {
        type,
        id,
        name: oneOf(message['name'], 'name', DOM_ERROR_NAMES),
        code: oneOf(message['code'], 'code', CODES),
        message: text(message['message'], 'message', 4_000),
      };
    case 'status':
      return status(id, message);
    case 'candidates':
      return { type, id, accounts: list(message['accounts'], 'accounts', MOST_ACCOUNTS, account) };
    case 'done':
      return { type, id };
    default:
      throw new Malformed(`no message is called ${type}`);
  }
}

function prompt(id: number, message: Record<string, unknown>): Prompt {
  const rp = record(message['rp'], 'rp');
  return {
    type: 'prompt',
    id,
    prompt: whole(message['prompt'], 'prompt'),
    action: oneOf(message['action'], 'action', ACTIONS),
    rp: { id: text(rp['id'], 'rp.id', 253), ...optional(rp, 'name', text) },
    accounts: list(message['accounts'], 'accounts', MOST_ACCOUNTS, account),
    device: text(message['device'], 'device'),
    verify: oneOf(message['verify'], 'verify', VERIFY),
    secondsLeft: whole(message['secondsLeft'], 'secondsLeft', LONGEST_CEREMONY_SECONDS),
    ...optional(message, 'failed', text),
  };
}

function status(id: number, message: Record<string, unknown>): Status {
  return {
    type: 'status',
    id,
    locked: flag(message['locked'], 'locked'),
    profile: text(message['profile'], 'profile'),
    device: text(message['device'], 'device'),
    account: text(message['account'], 'account'),
    passkeys: message['passkeys'] === null ? null : whole(message['passkeys'], 'passkeys'),
    safetyNumber: text(message['safetyNumber'], 'safetyNumber'),
    recent: list(message['recent'], 'recent', MOST_RECENT, (item) => {
      const use = record(item, 'recent');
      return {
        rpId: text(use['rpId'], 'rpId', 253),
        ...optional(use, 'account', text),
        at: text(use['at'], 'at', 64),
      };
    }),
    testMode: flag(message['testMode'], 'testMode'),
  };
}

function account(value: unknown): Account {
  const given = record(value, 'account');
  return { ...optional(given, 'name', text), ...optional(given, 'displayName', text) };
}
