// How long a page waits for `navigator.credentials.get()` in Chromium: with the extension and an agent that asks nobody, and with
// Chromium's own virtual authenticator, which signs in the browser itself.
//
//     tests/run browser                              once, for what it installs and builds
//     node crates/bench/browser/measure.mjs          a line of JSON {name, value, unit, limit, ratio, target, holds}
//
// KEYFOLD_PROGRAMS says where `keyfoldd` and `keyfold` are [default: target/release]. Both sides sign in at the same page by turns,
// each in a browser of its own; value and limit are medians. The exit status is 1 if the target does not hold.

import { join } from "node:path";

const TURNS = 60;
const WARMING = 10;
const TARGET = 3;

const root = join(import.meta.dirname, "..", "..", "..");
const built = process.env.CARGO_TARGET_DIR ?? join(root, "target");
process.env.KEYFOLD_PROGRAMS ??= join(built, "release");
process.env.KEYFOLD_EXTENSION ??= join(built, "extension", "dist", "chromium");
process.env.KEYFOLD_PYTHON ??= join(built, "venv", "bin", "python");
const { World, approves, asked, open, stop } = await import(join(built, "browser", "world.mjs"));

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

function median(times) {
  const sorted = times.toSorted((one, other) => one - other);
  return sorted[Math.floor(sorted.length / 2)];
}

const world = await World.begin();
try {
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
  const [value, limit] = [[], []];
  for (let turn = 0; turn < WARMING + TURNS; turn += 1) {
    const times = [await timed(ours, made.id), await timed(theirs, virtual.id)];
    if (turn < WARMING) continue;
    value.push(times[0]);
    limit.push(times[1]);
  }
  const [with_, without] = [median(value), median(limit)];
  const ratio = with_ / without;
  const holds = ratio <= TARGET;
  const rounded = (number) => Number(number.toFixed(2));
  console.log(JSON.stringify({
    name: "browser-get", value: rounded(with_), unit: "ms", limit: rounded(without), ratio: rounded(ratio), target: `<= ${TARGET}`, holds,
  }));
  process.exitCode = holds ? 0 : 1;
} finally {
  await world.end();
}
