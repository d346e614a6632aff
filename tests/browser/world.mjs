// The world of the browser's stories: a real server, two devices of one account with their agents, a browser with the
// extension for each, and relying parties.

import { spawn, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { chromium } from "playwright-core";
import { Firefox } from "./firefox.mjs";

export const PASSPHRASE = "correct horse battery staple";
const { KEYFOLD_PROGRAMS: PROGRAMS, KEYFOLD_EXTENSION: EXTENSION, KEYFOLD_PYTHON: PYTHON } = process.env;
const HERE = import.meta.dirname;
const LONGEST_MS = 30_000;

export class World {
  #folder = mkdtempSync(join(tmpdir(), "keyfold-browser-"));
  #children = [];
  #browsers = [];
  #shops = 0;

  static async begin() {
    const world = new World();
    try {
      await world.#begin();
      return world;
    } catch (error) {
      await world.end();
      throw error;
    }
  }

  async #begin() {
    const data = join(this.#folder, "server");
    mkdirSync(data, { mode: 0o700 });
    this.passphraseFile = join(this.#folder, "passphrase");
    writeFileSync(this.passphraseFile, PASSPHRASE + "\n");
    const port = await freePort();
    this.server = `https://localhost:${port}`;
    this.ca = join(data, "ca.pem");
    // It says into a file that it is ready, and here that is a pipe.
    await this.#start("bash", [
      "-c", 'exec "$0" "$@" --ready-file /dev/fd/3 3> >(cat)', join(PROGRAMS, "keyfoldd"), "serve", "--data-dir", data,
      "--public-url", this.server, "--listen", `127.0.0.1:${port}`, "--sign-up", "open",
    ]);
    const shops = await this.#start(PYTHON, [join(HERE, "relying_party.py")]);
    this.shops = JSON.parse(shops.said);
    this.keyfold("a", ["account", "create", "--server", this.server, "--name", "Device a"]);
    await this.#enrol("b", "a");
    this.a = await this.#device("a");
    this.b = await this.#device("b");
  }

  /** A relying party of its own, by its host name. */
  shop() {
    this.#shops += 1;
    return `shop-${this.#shops}.localhost`;
  }

  at(host) {
    return `http://${host}:${this.shops.port}`;
  }

  /** What `keyfold` prints as JSON. */
  keyfold(profile, args, input = "", variables = {}) {
    const all = [...this.#globals(profile), ...args];
    const env = { ...process.env, ...variables };
    const done = spawnSync(join(PROGRAMS, "keyfold"), all, { input, env, encoding: "utf8", timeout: LONGEST_MS });
    if (done.status !== 0) throw new Error(`keyfold ${args.join(" ")}: ${done.stderr}`);
    return done.stdout === "" ? undefined : JSON.parse(done.stdout);
  }

  /** The agent of this profile, ready. */
  async agent(profile, ...options) {
    const socket = join(this.#folder, `${profile}.sock`);
    return this.#start(join(PROGRAMS, "keyfold"), [...this.#globals(profile), "agent", "--socket", socket, ...options]);
  }

  /** A Firefox whose extension speaks to this profile's agent. */
  async firefox(profile) {
    const home = join(this.#folder, `firefox-${profile}`);
    mkdirSync(join(home, ".mozilla"), { recursive: true });
    const socket = join(this.#folder, `${profile}.sock`);
    this.keyfold(profile, ["browser", "install", "--browser", "firefox", "--socket", socket], "", { HOME: home });
    const firefox = await Firefox.start(home, join(EXTENSION, "..", "firefox"));
    this.#browsers.push({ close: () => firefox.end() });
    return firefox;
  }

  async end() {
    for (const browser of this.#browsers) await browser.close();
    for (const child of this.#children.toReversed()) await stop(child);
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #globals(profile) {
    const home = join(this.#folder, "home");
    return ["--home", home, "--profile", profile, "--ca", this.ca, "--passphrase-file", this.passphraseFile, "--json"];
  }

  /** A device with its agent, and a browser whose extension speaks to that. */
  async #device(profile) {
    const agent = await this.agent(profile);
    const folder = join(this.#folder, `browser-${profile}`);
    const hosts = join(folder, "NativeMessagingHosts");
    mkdirSync(folder);
    const socket = join(this.#folder, `${profile}.sock`);
    this.keyfold(profile, ["browser", "install", "--manifest-dir", hosts, "--socket", socket]);
    const context = await chromium.launchPersistentContext(folder, {
      executablePath: "/usr/bin/chromium",
      headless: false,
      ignoreDefaultArgs: ["--disable-extensions"],
      args: [
        // A container has no namespaces for its sandbox, nor a screen.
        "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
        "--disable-background-networking", "--disable-component-update", "--disable-sync",
        `--disable-extensions-except=${EXTENSION}`, `--load-extension=${EXTENSION}`,
        `--host-resolver-rules=MAP *.test 127.0.0.1:${this.shops.tlsPort}`,
        `--ignore-certificate-errors-spki-list=${this.shops.spki}`,
      ],
    });
    this.#browsers.push(context);
    return { agent, context };
  }

  async #enrol(profile, by) {
    const qr = join(this.#folder, `${profile}-qr.txt`);
    spawnSync("mkfifo", [qr]);
    const enrolling = this.#spawn(join(PROGRAMS, "keyfold"), [
      ...this.#globals(profile), "device", "enroll", "--server", this.server, "--name", `Device ${profile}`, "--qr-file", qr,
    ]);
    const reader = this.#spawn("cat", [qr]);
    let code = "";
    reader.stdout.on("data", (data) => (code += data));
    await Promise.race([reader.ended, enrolling.ended]);
    if (enrolling.exitCode === null) this.keyfold(by, ["device", "approve", "--qr", "-", "--yes"], code);
    if ((await enrolling.ended) !== 0) throw new Error(`the enrolment failed: ${enrolling.complaint}`);
  }

  #spawn(program, args) {
    const child = spawn(program, args, { stdio: ["pipe", "pipe", "pipe"] });
    child.complaint = "";
    child.stderr.on("data", (data) => (child.complaint += data));
    child.ended = new Promise((resolve) => child.on("exit", resolve));
    this.#children.push(child);
    return child;
  }

  /** A program that says a line once it is ready. */
  async #start(program, args) {
    const child = this.#spawn(program, args);
    const lines = createInterface({ input: child.stdout });
    child.said = await Promise.race([new Promise((resolve) => lines.once("line", resolve)), child.ended.then(() => null)]);
    if (child.said === null) throw new Error(`${program} ended: ${child.complaint}`);
    return child;
  }
}

/** The browser stops the extension's service worker, as it may at any time. Gives a way to wait until it runs again. */
export async function stopWorker(context) {
  const page = await context.newPage();
  const session = await context.newCDPSession(page);
  const becomes = (status) =>
    new Promise((resolve) =>
      session.on("ServiceWorker.workerVersionUpdated", ({ versions }) => {
        if (versions.some(({ scriptURL, runningStatus }) => scriptURL.endsWith("/background.js") && runningStatus === status)) resolve();
      }),
    );
  await session.send("ServiceWorker.enable");
  const stopped = becomes("stopped");
  await session.send("ServiceWorker.stopAllWorkers");
  await stopped;
  const runs = becomes("running");
  return { runs: () => runs.then(() => page.close()) };
}

/** Ends a program as an operator does, and waits for that. */
export async function stop(child) {
  child.stdin.end();
  if (child.exitCode === null && child.signalCode === null) child.kill("SIGTERM");
  await child.ended;
}

/** A page of this browser, once the extension serves it. */
export async function open(context, url) {
  const page = await context.newPage();
  await page.goto(url);
  await served(page);
  return page;
}

/** The page may use the vault: there is an agent. (Playwright's `waitForFunction` takes any promise for true.) */
export async function served(page) {
  await page.evaluate(async (longest) => {
    const until = Date.now() + longest;
    while (!(await PublicKeyCredential.isUserVerifyingPlatformAuthenticatorAvailable())) {
      if (Date.now() > until) throw new Error("no agent serves the page");
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }, LONGEST_MS);
}

/** Returns once this is so. */
export async function until(isSo) {
  const late = Date.now() + LONGEST_MS;
  while (!(await isSo())) {
    if (Date.now() > late) throw new Error(`never: ${isSo}`);
  }
}

/** What the page gets of `script` while `person` deals with the extension's window. */
export async function asked(page, script, argument, person) {
  // Browsers refuse pages that are not in front.
  await page.bringToFront();
  const coming = nextWindow(page.context());
  const outcome = outcomeOf(page, script, argument);
  const window = await Promise.race([coming, outcome.then((got) => Promise.reject(new Error(`no window: ${got.message ?? ""}`)))]);
  await person(window);
  const got = await outcome;
  if (!window.isClosed()) await window.waitForEvent("close");
  return got;
}

/** What the page gets of `script`; of an exception its name. */
export function outcomeOf(page, script, argument) {
  return page.evaluate(
    ([script, argument]) => eval(script)(argument).catch((error) => ({ error: error.name, message: error.message })),
    [String(script), argument],
  );
}

export async function nextWindow(context) {
  const window = await context.waitForEvent("page", { timeout: LONGEST_MS, predicate: isWindow });
  await window.locator("#asking").waitFor({ timeout: LONGEST_MS });
  return window;
}

/** A person who approves, with the vault's passphrase, for this account if there is a choice. */
export const approves = (account) => async (window) => {
  if (account !== undefined) await window.getByLabel(account).check();
  if (await window.locator("#secret-field").isVisible()) await window.locator("#secret-field").fill(PASSPHRASE);
  await press(window, "#approve");
};

export const refuses = (window) => press(window, "#refuse");

/** Clicks a button that may close its window before the browser has confirmed the click, which then counts all the same. */
export async function press(window, button) {
  await window.locator(button).click().catch((error) => {
    if (!/has been closed[^]*performing click action/.test(error.message)) throw error;
  });
}

export function windows(context) {
  return context.pages().filter(isWindow);
}

function isWindow(page) {
  return page.url().includes("/window.html");
}

async function freePort() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}
