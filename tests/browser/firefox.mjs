// Debian's Firefox with the extension, over WebDriver BiDi (w3c.github.io/webdriver-bidi).

import { spawn } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { WebSocket } from "ws";

const LONGEST_MS = 30_000;

export class Firefox {
  #program;
  #socket;
  #asked = new Map();

  /** With a home of its own, in which the native host's manifest is, and the extension in this folder. */
  static async start(home, extension) {
    const firefox = new Firefox();
    await firefox.#start(home);
    await firefox.#ask("session.new", { capabilities: {} });
    await firefox.#ask("webExtension.install", { extensionData: { type: "path", path: extension } });
    return firefox;
  }

  async #start(home) {
    const profile = join(home, "profile");
    mkdirSync(profile);
    const options = ["--headless", "--no-remote", "--profile", profile, "--remote-debugging-port", "0"];
    // A container has no namespaces for its sandbox.
    const env = { ...process.env, HOME: home, MOZ_DISABLE_CONTENT_SANDBOX: "1" };
    this.#program = spawn("/usr/bin/firefox-esr", options, { env, stdio: ["ignore", "ignore", "pipe"] });
    this.#program.ended = new Promise((resolve) => this.#program.on("exit", resolve));
    let said = "";
    const address = new Promise((resolve) =>
      this.#program.stderr.on("data", (data) => {
        said += data;
        const listening = /ws:\/\/\S+/.exec(said);
        if (listening) resolve(listening[0]);
      }),
    );
    const at = await Promise.race([address, this.#program.ended.then(() => Promise.reject(new Error(`Firefox ended: ${said}`)))]);
    this.#socket = new WebSocket(`${at}/session`);
    this.#socket.on("message", (data) => this.#hear(JSON.parse(data)));
    await new Promise((resolve, reject) => this.#socket.on("open", resolve).on("error", reject));
  }

  async open(url) {
    const { context } = await this.#ask("browsingContext.create", { type: "tab" });
    await this.#ask("browsingContext.navigate", { context, url, wait: "complete" });
    await this.until(context, "PublicKeyCredential.isUserVerifyingPlatformAuthenticatorAvailable()");
    return context;
  }

  /** What this comes to in the page, as JSON gives it back. */
  async evaluate(context, expression) {
    const { result, exceptionDetails } = await this.#ask("script.evaluate", {
      expression: `(async () => JSON.stringify(await (${expression}) ?? null))()`,
      target: { context },
      awaitPromise: true,
      userActivation: true,
    });
    if (result === undefined) throw new Error(exceptionDetails.text);
    return JSON.parse(result.value);
  }

  /** What the page gets of this expression while `person` deals with the extension's window. */
  async asked(context, expression, person) {
    const outcome = this.evaluate(context, `${expression}.catch((error) => ({ error: error.name, message: error.message }))`);
    const window = await this.#window();
    await this.until(window, "!document.getElementById('asking').hidden");
    await person(window);
    return outcome;
  }

  async type(context, selector, text) {
    await this.click(context, selector);
    const actions = [...text].flatMap((value) => [{ type: "keyDown", value }, { type: "keyUp", value }]);
    await this.#ask("input.performActions", { context, actions: [{ type: "key", id: "keys", actions }] });
  }

  async click(context, selector) {
    const { nodes } = await this.#ask("browsingContext.locateNodes", { context, locator: { type: "css", value: selector } });
    const origin = { type: "element", element: { sharedId: nodes[0].sharedId } };
    const actions = [{ type: "pointerMove", x: 0, y: 0, origin }, { type: "pointerDown", button: 0 }, { type: "pointerUp", button: 0 }];
    await this.#ask("input.performActions", { context, actions: [{ type: "pointer", id: "mouse", actions }] });
  }

  async until(context, condition) {
    const until = Date.now() + LONGEST_MS;
    while (!(await this.evaluate(context, condition))) {
      if (Date.now() > until) throw new Error(`never: ${condition}`);
    }
  }

  async end() {
    this.#socket?.close();
    this.#program.kill("SIGTERM");
    await this.#program.ended;
  }

  /** The extension's window, once there is one. */
  async #window() {
    const until = Date.now() + LONGEST_MS;
    for (;;) {
      const { contexts } = await this.#ask("browsingContext.getTree");
      const window = contexts.find(({ url }) => url.includes("/window.html"));
      if (window !== undefined) return window.context;
      if (Date.now() > until) throw new Error("no window was opened");
    }
  }

  #ask(method, params = {}) {
    const id = this.#asked.size;
    const answer = new Promise((resolve, reject) => this.#asked.set(id, { resolve, reject }));
    this.#socket.send(JSON.stringify({ id, method, params }));
    return answer;
  }

  #hear({ id, type, result, error, message }) {
    const asked = this.#asked.get(id);
    if (type === "success") asked?.resolve(result);
    else asked?.reject(new Error(`${error}: ${message}`));
  }
}
