// The world of the browser's stories: a real server, devices with real agents, browsers with the extension, relying parties.

import { spawn, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { chromium } from "playwright-core";

const { KEYFOLD_PROGRAMS: PROGRAMS, KEYFOLD_EXTENSION: EXTENSION, KEYFOLD_PYTHON: PYTHON } = process.env;
const HERE = new URL(".", import.meta.url).pathname;
const PASSPHRASE = "correct horse battery staple";

/** The first line of JSON, or text, that a program prints. */
async function firstLine(child) {
  for await (const line of createInterface({ input: child.stdout })) return line;
  throw new Error(`${child.spawnfile} said nothing: ${child.complaint ?? ""}`);
}

function start(program, args, options = {}) {
  const child = spawn(program, args, { stdio: ["pipe", "pipe", "pipe"], ...options });
  child.complaint = "";
  child.stderr.on("data", (data) => (child.complaint += data));
  child.ended = new Promise((resolve) => child.on("exit", resolve));
  return child;
}

export class World {
  constructor() {
    this.folder = mkdtempSync(join(tmpdir(), "keyfold-browser-"));
    this.children = [];
    this.browsers = [];
  }

  async begin() {
    const data = join(this.folder, "server");
    mkdirSync(data, { mode: 0o700 });
    // It says where it listens into a file, and that is a pipe.
    const server = start("bash", [
      "-c", 'exec "$0" "$@" --ready-file /dev/fd/3 3> >(cat)', join(PROGRAMS, "keyfoldd"),
      "serve", "--data-dir", data, "--public-url", "https://localhost:18443", "--listen", "127.0.0.1:18443", "--sign-up", "open",
    ]);
    this.children.push(server);
    await firstLine(server);
    this.ca = join(data, "ca.pem");
    const shops = start(PYTHON, [join(HERE, "relying_party.py")]);
    this.children.push(shops);
    this.port = Number(await firstLine(shops));
    this.passphrase = join(this.folder, "passphrase");
    writeFileSync(this.passphrase, PASSPHRASE + "\n");
    return this;
  }

  origin(host) {
    return `http://${host}.localhost:${this.port}`;
  }

  keyfold(profile, args, input = "") {
    const all = [...this.globals(profile), ...args];
    const done = spawnSync(join(PROGRAMS, "keyfold"), all, { input, encoding: "utf8", timeout: 60_000 });
    if (done.status !== 0) throw new Error(`keyfold ${args.join(" ")}: ${done.stderr}`);
    return done.stdout;
  }

  globals(profile) {
    return [
      "--home", join(this.folder, "home"), "--profile", profile, "--ca", this.ca, "--passphrase-file", this.passphrase, "--json",
    ];
  }

  found(profile) {
    this.keyfold(profile, ["account", "create", "--server", "https://localhost:18443", "--name", `Device ${profile}`]);
  }

  async enrol(profile, by) {
    const qr = join(this.folder, `${profile}.txt`);
    spawnSync("mkfifo", [qr]);
    const child = start(join(PROGRAMS, "keyfold"), [
      ...this.globals(profile), "device", "enroll", "--server", "https://localhost:18443", "--name", `Device ${profile}`,
      "--qr-file", qr,
    ]);
    const reader = start("cat", [qr]);
    let code = "";
    reader.stdout.on("data", (data) => (code += data));
    await Promise.race([reader.ended, child.ended]);
    reader.kill();
    if (child.exitCode === null) this.keyfold(by, ["device", "approve", "--qr", "-", "--yes"], code);
    if ((await child.ended) !== 0) throw new Error(`enrolment: ${child.complaint}`);
  }

  /** An agent of this profile that is ready. */
  async agent(profile, ...more) {
    const socket = join(this.folder, `${profile}.sock`);
    const child = start(join(PROGRAMS, "keyfold"), [...this.globals(profile), "agent", "--socket", socket, ...more]);
    this.children.push(child);
    await firstLine(child);
    return { socket, child };
  }

  /** A browser whose extension speaks to this profile's agent. */
  async browser(profile, socket) {
    const folder = join(this.folder, `browser-${profile}`);
    mkdirSync(folder);
    const manifests = join(folder, "NativeMessagingHosts");
    this.keyfold(profile, ["browser", "install", "--manifest-dir", manifests, "--socket", socket]);
    const context = await chromium.launchPersistentContext(folder, {
      executablePath: "/usr/bin/chromium",
      headless: false,
      ignoreDefaultArgs: ["--disable-extensions"],
      args: [
        "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
        "--disable-background-networking", "--disable-component-update", "--disable-sync",
        `--disable-extensions-except=${EXTENSION}`, `--load-extension=${EXTENSION}`,
      ],
    });
    this.browsers.push(context);
    return context;
  }

  async end() {
    for (const browser of this.browsers) await browser.close();
    for (const child of this.children.reverse()) {
      child.kill("SIGTERM");
      await child.ended;
    }
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** The extension's window that comes up next. */
export async function window_(context) {
  const page = await context.waitForEvent("page", { timeout: 20_000, predicate: (page) => page.url().includes("window.html") });
  await page.waitForLoadState();
  return page;
}

export { PASSPHRASE };
