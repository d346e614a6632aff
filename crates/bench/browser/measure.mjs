// What people wait for in Chromium, with the extension:
//
//   browser-get      how long a page waits for `navigator.credentials.get()` of an agent that asks nobody; its limit is Chromium's own
//                    virtual authenticator, which signs in the browser itself
//   browser-synced   from the click that approves a new passkey on one device until a page has the sign-in with it on another, where
//                    somebody approves that at once; the slowest of its turns
//
//     tests/run browser                              once, for what it installs and builds
//     node crates/bench/browser/measure.mjs          lines of JSON {name, value, unit, limit, ratio, target, holds}
//
// KEYFOLD_PROGRAMS says where `keyfoldd` and `keyfold` are [default: target/release]. In `browser-get` both sides sign in at the same
// page by turns, each in a browser of its own; value and limit are means of the middle half. The exit status is 1 if a target does not hold.

import { join } from "node:path";

const GETS = { turns: 60, warming: 10, target: 3 };
const SYNCED = { turns: 10, longest: 2_000 };

const root = join(import.meta.dirname, "..", "..", "..");
const built = process.env.CARGO_TARGET_DIR ?? join(root, "target");
process.env.KEYFOLD_PROGRAMS ??= join(built, "release");
process.env.KEYFOLD_EXTENSION ??= join(built, "extension", "dist", "chromium");
process.env.KEYFOLD_PYTHON ??= join(built, "venv", "bin", "python");
const { PASSPHRASE, World, approves, asked, open, press, served, stop } = await import(join(built, "browser", "world.mjs"));

/** One sign-in with this passkey, in milliseconds of the page's clock. */
async function timed(page, id) {
  return page.evaluate(async (id) => {
    const options = await ask("/sign-in/options");
    Object.assign(options, { userVerification: "discouraged", allowCredentials: [{ type: "public-key", id }] });
    const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(options);
    const begun = performance.now();
    const signed = await navigator.credentials.get({ publicKey });
    const took = performance.now() - begun;
    if (signed.id !== id) throw new Error("another passkey signed in");
    return took;
  }, id);
}

/** The mean of the middle half: a page's clock has steps of a tenth of a millisecond, so a median has them too. */
function middle(times) {
  const sorted = times.toSorted((one, other) => one - other);
  const half = sorted.slice(Math.floor(sorted.length / 4), Math.ceil((sorted.length * 3) / 4));
  return half.reduce((sum, time) => sum + time, 0) / half.length;
}

function say(row) {
  const rounded = (number) => Number(number.toFixed(2));
  const ratio = row.value / row.limit;
  const holds = ratio <= row.target;
  const numbers = { value: rounded(row.value), unit: "ms", limit: rounded(row.limit), ratio: rounded(ratio) };
  console.log(JSON.stringify({ name: row.name, ...numbers, target: `<= ${row.target}`, holds }));
  if (!holds) process.exitCode = 1;
}

/** Made on one device, used on the other. */
async function synced(world) {
  const host = world.shop();
  const [here, there] = [await open(world.a.context, world.at(host)), await open(world.b.context, world.at(host))];
  const times = [];
  for (let turn = 0; turn < SYNCED.turns; turn += 1) {
    let begun;
    const made = await asked(here, "(name) => register(name)", `ana${turn}`, async (window) => {
      await window.locator("#secret-field").fill(PASSPHRASE);
      // Until then the window takes no click for one.
      await window.locator("#approve[aria-disabled=false]").waitFor();
      begun = performance.now();
      await press(window, "#approve");
    });
    // Nobody is as quick as the next line, which would find nothing yet.
    while (!world.keyfold("b", ["passkey", "list", "--rp", host]).passkeys.some((passkey) => passkey.credential_id === made.id));
    const signed = await asked(there, "(id) => signIn({ allowCredentials: [{ type: 'public-key', id }] })", made.id, approves());
    times.push(performance.now() - begun);
    if (!made.accepted || signed.id !== made.id) throw new Error(`not signed in: ${JSON.stringify([made, signed])}`);
  }
  return { name: "browser-synced", value: Math.max(...times), limit: SYNCED.longest, target: 1 };
}

/** A sign-in, ours and Chromium's. */
async function gets(world) {
  const host = world.shop();
  const ours = await open(world.a.context, world.at(host));
  const made = await asked(ours, "() => register('ana')", null, approves());
  await stop(world.a.agent);
  world.a.agent = await world.agent("a", "--test-mode", "--no-sync");

  // A virtual authenticator takes the place of the extension.
  const theirs = await world.b.context.newPage();
  const session = await world.b.context.newCDPSession(theirs);
  await session.send("WebAuthn.enable");
  const options = {
    protocol: "ctap2", transport: "internal", hasResidentKey: true, hasUserVerification: true, isUserVerified: true,
    automaticPresenceSimulation: true,
  };
  await session.send("WebAuthn.addVirtualAuthenticator", { options });
  await theirs.goto(world.at(host));
  const virtual = await theirs.evaluate(() => register("ben"));
  if (!made.accepted || !virtual.accepted) throw new Error(`no passkeys: ${JSON.stringify([made, virtual])}`);

  await ours.bringToFront();
  await served(ours);
  const [value, limit] = [[], []];
  for (let turn = 0; turn < GETS.warming + GETS.turns; turn += 1) {
    const times = [await timed(ours, made.id), await timed(theirs, virtual.id)];
    if (turn < GETS.warming) continue;
    value.push(times[0]);
    limit.push(times[1]);
  }
  return { name: "browser-get", value: middle(value), limit: middle(limit), target: GETS.target };
}

const world = await World.begin();
try {
  say(await synced(world));
  say(await gets(world));
} finally {
  await world.end();
}
