/** A browser that does what it is told: only what the tested parts use of it, and it remembers what they did. */

type Listener = (...args: never[]) => unknown;

export class FakeEvent {
  readonly #listeners = new Set<Listener>();
  addListener(listener: Listener): void {
    this.#listeners.add(listener);
  }
  fire(...args: unknown[]): void {
    for (const listener of [...this.#listeners]) (listener as (...args: unknown[]) => unknown)(...args);
  }
}

export class FakePort {
  readonly sent: Record<string, unknown>[] = [];
  readonly onMessage = new FakeEvent();
  readonly onDisconnect = new FakeEvent();
  connected = true;
  readonly name: string;
  readonly sender: unknown;

  constructor(name = '', sender?: unknown) {
    this.name = name;
    this.sender = sender;
  }
  postMessage(message: unknown): void {
    if (!this.connected) throw new Error('Attempting to use a disconnected port object');
    this.sent.push(structuredClone(message) as Record<string, unknown>);
  }
  disconnect(): void {
    this.connected = false;
  }
  /** The other side is gone. */
  die(): void {
    this.connected = false;
    this.onDisconnect.fire(this);
  }
  last(): Record<string, unknown> {
    return this.sent.at(-1) ?? {};
  }
}

export interface Completed {
  requestId: number;
  responseJson?: string;
  error?: { name: string };
}

export class FakeChrome {
  readonly natives: FakePort[] = [];
  readonly windowsOpen = new Map<number, string>();
  readonly completed: Completed[] = [];
  readonly stored = new Map<string, unknown>();
  readonly proxyCalls: string[] = [];
  /** Whether the browser finds a response wanting. */
  refusesResponses = false;
  #windows = 0;

  /** The latest native port. */
  get native(): FakePort {
    const port = this.natives.at(-1);
    if (port === undefined) throw new Error('no native host was started');
    return port;
  }

  install(): this {
    (globalThis as { chrome?: unknown }).chrome = this.#api();
    return this;
  }

  #api(): unknown {
    const complete = async (details: Completed): Promise<void> => {
      if (this.refusesResponses && details.responseJson !== undefined)
        throw new Error('field missing or invalid: rawId');
      this.completed.push(details);
    };
    return {
      runtime: {
        id: 'nohh',
        getURL: (path: string) => `chrome-extension://nohh/${path}`,
        connectNative: () => {
          const port = new FakePort();
          this.natives.push(port);
          return port;
        },
      },
      storage: {
        session: {
          get: async (key: string | null) =>
            Object.fromEntries([...this.stored].filter(([stored]) => key === null || key === stored)),
          set: async (items: object) => Object.entries(items).forEach(([key, value]) => this.stored.set(key, value)),
          remove: async (key: string) => void this.stored.delete(key),
        },
      },
      windows: {
        create: async ({ url }: { url: string }) => {
          this.#windows += 1;
          this.windowsOpen.set(this.#windows, url);
          return { id: this.#windows };
        },
        get: async (id: number) => {
          if (!this.windowsOpen.has(id)) throw new Error(`No window with id: ${id}.`);
          return { id };
        },
        remove: async (id: number) => void this.windowsOpen.delete(id),
      },
      webAuthenticationProxy: {
        completeCreateRequest: complete,
        completeGetRequest: complete,
        attach: async () => void this.proxyCalls.push('attach'),
        detach: async () => void this.proxyCalls.push('detach'),
      },
    };
  }
}

/** Lets everything that is ready run. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
}
