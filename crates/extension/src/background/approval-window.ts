/** The browser window in which a ceremony is approved, and nothing else is. */

import { WINDOW_PORT, type ToWindow } from '../window-message.ts';

export const PAGE = 'window.html';
const WIDTH = 420;
const HEIGHT = 560;

export class ApprovalWindow {
  #id: number | undefined;
  #opening: Promise<number | undefined> | undefined;
  #port: chrome.runtime.Port | undefined;
  #shown: ToWindow | undefined;
  readonly #ceremony: number;

  /** `id` is that of a window that is there already. */
  constructor(ceremony: number, id?: number) {
    this.#ceremony = ceremony;
    if (id !== undefined) this.#is(id);
  }

  get id(): number | undefined {
    return this.#id;
  }

  /** Whether there is one, or is about to be. */
  get opened(): boolean {
    return this.#opening !== undefined;
  }

  /** Shows it, in a window that is opened if there is none yet. Gives the window's id. */
  show(message: ToWindow): Promise<number | undefined> {
    this.#shown = message;
    this.#port?.postMessage(message);
    this.#opening ??= this.#open();
    return this.#opening;
  }

  /** The window's page has loaded, or has come back after its port was lost. */
  connected(port: chrome.runtime.Port): void {
    this.#port = port;
    // A worker that was stopped as the window opened does not know it.
    if (!this.opened && port.sender?.tab?.windowId !== undefined) this.#is(port.sender.tab.windowId);
    port.onDisconnect.addListener(() => {
      if (this.#port === port) this.#port = undefined;
    });
    if (this.#shown !== undefined) port.postMessage(this.#shown);
  }

  async close(): Promise<void> {
    // A window that is still being opened cannot be closed before it is there.
    await this.#opening?.catch(() => undefined);
    if (this.#id !== undefined) await closeWindow(this.#id);
  }

  #is(id: number): void {
    this.#id = id;
    this.#opening = Promise.resolve(id);
  }

  async #open(): Promise<number | undefined> {
    const opened = await chrome.windows.create({
      url: `${chrome.runtime.getURL(PAGE)}#${this.#ceremony}`,
      type: 'popup',
      focused: true,
      width: WIDTH,
      height: HEIGHT,
    });
    this.#id = opened?.id;
    return this.#id;
  }
}

/** Closes a window that may be closed already. */
export async function closeWindow(id: number): Promise<void> {
  await chrome.windows.remove(id).catch(() => undefined);
}

/** Whether a port comes from an approval window, and from nothing else that can open ports here. */
export function isApprovalWindow(port: chrome.runtime.Port): boolean {
  return port.name === WINDOW_PORT && isOwnPage(port.sender, PAGE);
}

/** Content scripts have this extension's id too, so it is the browser's word on the page's URL that counts. */
export function isOwnPage(sender: chrome.runtime.MessageSender | undefined, page: string): boolean {
  if (sender?.id !== chrome.runtime.id || sender.url === undefined) return false;
  return sender.url.split('#')[0] === chrome.runtime.getURL(page);
}
