/** The toolbar button of a tab in which a frame waits for autofill: it carries a mark, and a click starts the sign-in. */

import { TOOLBAR_CLICKED } from '../page-message.ts';
import type { PageSender } from './page-sender.ts';

const POPUP = 'popup.html';
const KEY = 'autofill:';

export async function mark({ tabId, frameId, origin }: PageSender, passkeys: number): Promise<void> {
  await chrome.storage.session.set({ [KEY + tabId]: frameId });
  await Promise.all([
    chrome.action.setBadgeText({ tabId, text: String(passkeys) }),
    chrome.action.setTitle({ tabId, title: `Sign in to ${new URL(origin).host} with a passkey` }),
    // Without a popup a click is an event, and comes to `clicked`.
    chrome.action.setPopup({ tabId, popup: '' }),
  ]);
}

export async function unmark({ tabId, frameId }: PageSender): Promise<void> {
  const stored = await chrome.storage.session.get(KEY + tabId);
  if (stored[KEY + tabId] !== frameId) return;
  await chrome.storage.session.remove(KEY + tabId);
  await Promise.all([
    chrome.action.setBadgeText({ tabId, text: '' }),
    chrome.action.setTitle({ tabId, title: 'Keyfold' }),
    chrome.action.setPopup({ tabId, popup: POPUP }),
  ]);
}

export async function clicked(tab: chrome.tabs.Tab): Promise<void> {
  if (tab.id === undefined) return;
  const { [KEY + tab.id]: frameId } = await chrome.storage.session.get(KEY + tab.id);
  if (typeof frameId === 'number') await chrome.tabs.sendMessage(tab.id, TOOLBAR_CLICKED, { frameId });
}
