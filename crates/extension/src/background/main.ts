/** The service worker (in Firefox an event page): all listeners are set before anything is awaited, so that each wakes it. */

import { Agent } from './agent.ts';
import { isApprovalWindow, isOwnPage } from './approval-window.ts';
import * as autofill from './autofill.ts';
import { Ceremonies } from './ceremonies.ts';
import { Elsewhere } from './elsewhere.ts';
import { Pages } from './pages.ts';
import { PAGE as POPUP, answerPopup } from './popup.ts';
import { listenToProxy } from './proxy.ts';

const agent = new Agent();
const ceremonies = new Ceremonies(agent, {
  elsewhere: () => elsewhere.begin(),
  ended: () => elsewhere.ceremonyEnded(),
});
const elsewhere = new Elsewhere(FOR_FIREFOX ? undefined : chrome.webAuthenticationProxy, () => !ceremonies.proxied);
const pages = new Pages(agent, ceremonies, elsewhere);

if (!FOR_FIREFOX) listenToProxy(agent, ceremonies);

chrome.runtime.onConnect.addListener((port) => {
  if (isApprovalWindow(port)) ceremonies.windowConnected(port);
  else pages.connected(port);
});

chrome.runtime.onMessage.addListener((message: unknown, sender, respond) => {
  const answer = isOwnPage(sender, POPUP) ? answerPopup(message, agent, elsewhere) : pages.answer(message, sender);
  answer.then(respond, (error: unknown) => {
    console.error('A message was not answered:', error);
    respond();
  });
  return true;
});

chrome.windows.onRemoved.addListener((windowId) => void ceremonies.windowRemoved(windowId));
chrome.action.onClicked.addListener((tab) => void autofill.clicked(tab));

// Nothing is to be done then but what waking does anyway: without a listener the browser would not wake the worker.
chrome.runtime.onStartup.addListener(() => undefined);
chrome.runtime.onInstalled.addListener(() => undefined);

void elsewhere.resume();
