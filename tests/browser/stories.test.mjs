// What people, and pages, do with the vault's passkeys in a browser.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import {
  PASSPHRASE, World, approves, asked, nextWindow, open, outcomeOf, press, refuses, served, stop, stopWorker, until, windows,
} from "./world.mjs";

let world;
before(async () => (world = await World.begin()));
after(() => world?.end());

const register = (page, user, person, changes) =>
  asked(page, "([user, changes]) => register(user, changes)", [user, changes], person);
const signIn = (page, person, changes) => asked(page, "(changes) => signIn(changes)", changes, person);

/** A page of a new relying party on device A, with a passkey for each of these users. */
async function shopWith(...users) {
  const host = world.shop();
  const page = await open(world.a.context, world.at(host));
  const made = [];
  for (const user of users) made.push(await register(page, user, approves()));
  for (const one of made) assert.equal(one.accepted, true, JSON.stringify(one));
  return { host, page, made };
}

test("a passkey that is made on one device signs in on another", async () => {
  const { host, made } = await shopWith("ana");
  const page = await open(world.b.context, world.at(host));
  const signed = await signIn(page, async (window) => {
    assert.match(await window.locator("#site").innerText(), new RegExp(host));
    assert.match(await window.locator("#accounts").innerText(), /Ana/);
    assert.equal(await window.locator("#device").innerText(), "Device b");
    await approves()(window);
  });
  assert.equal(signed.accepted, true, JSON.stringify(signed));
  assert.equal(signed.id, made[0].id);
  assert.equal(signed.backed_up, true);
});

test("a passkey that the person keeps on this device works there, and the others know of it", async () => {
  const host = world.shop();
  const page = await open(world.a.context, world.at(host));
  const made = await register(page, "ana", async (window) => {
    await window.locator("#bind").check();
    assert.match(await window.locator("#title").innerText(), /for this device only/);
    assert.match(await window.locator("#kind").innerText(), /on this device only/);
    await approves()(window);
  });
  assert.equal(made.accepted, true, JSON.stringify(made));
  const signed = await signIn(page, approves());
  assert.equal(signed.accepted, true, JSON.stringify(signed));
  assert.equal(signed.id, made.id);
  assert.equal(signed.backed_up, false);
  const listed = (device) => world.keyfold(device, ["passkey", "list", "--rp", host]).passkeys;
  await until(() => listed("b").length === 1);
  const [here, there] = [...listed("a"), ...listed("b")];
  assert.equal(here.bound_by, "software");
  assert.deepEqual([there.bound_by, there.created_by], [here.bound_by, here.created_by]);
});

test("who refuses is not told on, and nothing is made", async () => {
  const host = world.shop();
  const page = await open(world.a.context, world.at(host));
  assert.equal((await register(page, "ana", refuses)).error, "NotAllowedError");
  assert.deepEqual(world.keyfold("a", ["passkey", "list", "--rp", host]).passkeys, []);
});

test("a page that stops asking closes the window", async () => {
  const host = world.shop();
  const page = await open(world.a.context, world.at(host));
  const script = "() => { window.stop_ = new AbortController(); return register('ana', {}, {signal: stop_.signal}); }";
  const outcome = await asked(page, script, null, async (window) => {
    const closed = window.waitForEvent("close");
    await page.evaluate(() => stop_.abort());
    await closed;
  });
  assert.equal(outcome.error, "AbortError");
  assert.deepEqual(world.keyfold("a", ["passkey", "list", "--rp", host]).passkeys, []);
});

test("a page gets nothing of another site, and nobody is asked", async () => {
  const { host } = await shopWith("ana");
  const page = await open(world.a.context, world.at(world.shop()));
  const outcome = await outcomeOf(page, "(rpId) => signIn({rpId})", host);
  assert.equal(outcome.error, "SecurityError");
  assert.deepEqual(windows(world.a.context), []);
});

test("a frame of another site asks only where the page lets it", async () => {
  const { host } = await shopWith("ana");
  const page = await open(world.a.context, world.at(world.shop()));
  const frame = async (allow) => {
    await page.evaluate(
      ([src, allow]) => new Promise((resolve) => {
        const frame = Object.assign(document.createElement("iframe"), { src, allow, onload: resolve });
        document.body.replaceChildren(frame);
      }),
      [world.at(host), allow],
    );
    return page.frames().find((frame) => frame.url().includes(host));
  };
  const kept = await outcomeOf(await frame(""), "() => signIn()", null);
  assert.equal(kept.error, "NotAllowedError");
  assert.deepEqual(windows(world.a.context), []);

  const coming = nextWindow(world.a.context);
  const outcome = outcomeOf(await frame("publickey-credentials-get"), "() => signIn()", null);
  const window = await coming;
  assert.match(await window.locator("#origin").innerText(), /inside a page of another site/);
  await approves()(window);
  assert.equal((await outcome).accepted, true, JSON.stringify(await outcome));
});

test("who has three passkeys for a site chooses one", async () => {
  const { page, made } = await shopWith("ana", "ben", "cleo");
  const signed = await signIn(page, approves("Ben"));
  assert.equal(signed.accepted, true, JSON.stringify(signed));
  assert.equal(signed.id, made[1].id);
});

test("a second passkey for an account that has one: the site learns that only with consent", async () => {
  const { page, made } = await shopWith("ana");
  const excludeCredentials = [{ type: "public-key", id: made[0].id }];
  const told = await register(page, "ana", approves(), { excludeCredentials });
  assert.equal(told.error, "InvalidStateError");
  assert.equal((await register(page, "ana", refuses, { excludeCredentials })).error, "NotAllowedError");
});

test("a wrong passphrase is said so, and the right one goes on", async () => {
  const { page } = await shopWith("ana");
  const signed = await signIn(page, async (window) => {
    await window.locator("#secret-field").fill("not the passphrase");
    await press(window, "#approve");
    await window.locator("#problem:not(:empty)").waitFor();
    await approves()(window);
  });
  assert.equal(signed.accepted, true, JSON.stringify(signed));
});

test("PRF gives the same secret on both devices, and another for another salt", async () => {
  const salt = (text) => ({ extensions: { prf: { eval: { first: Buffer.from(text).toString("base64url") } } } });
  const host = world.shop();
  const pageA = await open(world.a.context, world.at(host));
  const made = await register(pageA, "ana", approves(), salt("one"));
  assert.equal(made.extensions.prf.enabled, true);
  const pageB = await open(world.b.context, world.at(host));
  const secrets = [];
  for (const [page, text] of [[pageA, "one"], [pageB, "one"], [pageB, "two"]]) {
    const signed = await signIn(page, approves(), salt(text));
    assert.equal(signed.accepted, true, JSON.stringify(signed));
    secrets.push(signed.extensions.prf.results.first);
  }
  assert.equal(Buffer.from(secrets[0], "base64url").length, 32);
  assert.equal(secrets[0], secrets[1]);
  assert.notEqual(secrets[1], secrets[2]);
});

test("a large blob that one device writes is read on the other", async () => {
  const host = world.shop();
  const pageA = await open(world.a.context, world.at(host));
  const made = await register(pageA, "ana", approves(), { extensions: { largeBlob: { support: "required" } } });
  assert.equal(made.extensions.largeBlob.supported, true);
  const blob = Buffer.from("an SSH certificate, for instance").toString("base64url");
  const allowCredentials = [{ type: "public-key", id: made.id }];
  const written = await signIn(pageA, approves(), { allowCredentials, extensions: { largeBlob: { write: blob } } });
  assert.equal(written.extensions.largeBlob.written, true, JSON.stringify(written));
  const pageB = await open(world.b.context, world.at(host));
  const read = await signIn(pageB, approves(), { allowCredentials, extensions: { largeBlob: { read: true } } });
  assert.equal(read.extensions.largeBlob.blob, blob);
});

test("autofill: the window opens when the person turns to the field, not before", async () => {
  const { page } = await shopWith("ana");
  const { page: another } = await shopWith("ben");
  const outcome = outcomeOf(page, "() => signIn({}, {mediation: 'conditional'})", null);
  await page.evaluate(() => document.getElementById("name").focus());
  // What another page asks for later is long shown by the time that a script's focus could have brought up anything.
  assert.equal((await signIn(another, refuses)).error, "NotAllowedError");
  assert.deepEqual(windows(world.a.context), []);
  await page.bringToFront();
  const coming = nextWindow(world.a.context);
  await page.locator("#name").click();
  await approves()(await coming);
  assert.equal((await outcome).accepted, true, JSON.stringify(await outcome));
});

test("a site that says that it knows a passkey no more is not offered that again", async () => {
  const { host, page, made } = await shopWith("ana", "ben");
  await page.evaluate(
    ([rpId, credentialId]) => PublicKeyCredential.signalUnknownCredential({ rpId, credentialId }),
    [host, made[1].id],
  );
  const signed = await signIn(page, async (window) => {
    assert.match(await window.locator("#accounts").innerText(), /Ana/);
    assert.doesNotMatch(await window.locator("#accounts").innerText(), /Ben/);
    await approves()(window);
  });
  assert.equal(signed.id, made[0].id);

  // Its person may think otherwise.
  const hidden = world.keyfold("a", ["passkey", "list", "--rp", host]).passkeys.filter((passkey) => passkey.hidden);
  assert.deepEqual(hidden.map((passkey) => passkey.credential_id), [made[1].id]);
  world.keyfold("a", ["passkey", "restore", hidden[0].id]);
  assert.equal((await signIn(page, approves("Ben"))).id, made[1].id);
});

test("what a site says of its accounts is what the window shows, on every device", async () => {
  const { host, page, made } = await shopWith("ana", "ben");
  const [ana, ben] = ["ana", "ben"].map((user) => Buffer.from(user).toString("base64url"));
  const signal = (name, about) =>
    page.evaluate(([name, about]) => PublicKeyCredential[name](about), [name, { rpId: host, ...about }]);
  const offered = async (page) => {
    let names;
    await signIn(page, async (window) => {
      names = await window.locator("#accounts").innerText();
      await refuses(window);
    });
    return names;
  };
  await signal("signalAllAcceptedCredentials", { userId: ben, allAcceptedCredentialIds: [] });
  assert.doesNotMatch(await offered(page), /Ben/);
  await signal("signalAllAcceptedCredentials", { userId: ben, allAcceptedCredentialIds: [made[1].id] });
  assert.match(await offered(page), /Ben/);
  await signal("signalCurrentUserDetails", { userId: ana, name: "ana@new.example", displayName: "Ana Nova" });
  assert.match(await offered(page), /Ana Nova/);

  await until(() => world.keyfold("b", ["passkey", "list", "--rp", host]).passkeys.some((one) => one.user_name === "ana@new.example"));
  const other = await open(world.b.context, world.at(host));
  assert.match(await offered(other), /Ana Nova/);
});

test("bytes that a site keeps with a passkey come back on another device", async () => {
  const host = world.shop();
  const kept = Buffer.from("32 bytes that the site keeps her");
  const page = await open(world.a.context, world.at(host));
  const made = await register(page, "ana", approves(), { extensions: { credBlob: kept.toString("base64url") } });
  assert.equal(made.accepted, true, JSON.stringify(made));
  const other = await open(world.b.context, world.at(host));
  const signed = await signIn(other, approves(), { extensions: { getCredBlob: true } });
  assert.equal(signed.accepted, true, JSON.stringify(signed));
  assert.ok(Buffer.from(signed.authenticatorData, "base64url").includes(kept), signed.authenticatorData);
});

test("a vault that is locked is unlocked in the window, and that approves nothing", async () => {
  const { page } = await shopWith("ana");
  world.keyfold("a", ["lock"]);
  const signed = await signIn(page, async (window) => {
    await window.getByText("Unlock your vault").waitFor();
    await approves()(window);
    await window.getByText("Sign in with your passkey?").waitFor();
    await approves()(window);
  });
  assert.equal(signed.accepted, true, JSON.stringify(signed));
});

test("a site signs in with the passkeys of another that says it is its own", async () => {
  const origin = await open(world.a.context, "https://origin.test");
  assert.equal((await register(origin, "ana", approves())).accepted, true);
  const related = await open(world.a.context, "https://related.test");
  const signed = await signIn(related, async (window) => {
    assert.match(await window.locator("#site").innerText(), /origin\.test/);
    assert.match(await window.locator("#origin").innerText(), /https:\/\/related\.test/);
    await approves()(window);
  });
  assert.equal(signed.accepted, true, JSON.stringify(signed));
});

test("a page can neither see the window nor answer in its stead", async () => {
  const { page } = await shopWith("ana");
  const outcome = await signIn(page, async (window) => {
    const tried = await page.evaluate(attack, window.url());
    assert.deepEqual(tried, { framed: null, read: "TypeError", reached: "nobody", answered: false });
    // Whatever it tried, the person finds what was asked, and decides.
    assert.equal(await window.locator("#asking").getAttribute("aria-busy"), "false");
    assert.equal(await window.locator("#problem").innerText(), "");
    await window.getByText("Sign in with your passkey?").waitFor();
    await refuses(window);
  });
  assert.equal(outcome.error, "NotAllowedError");
});

/** What a hostile page tries while the window at `url` waits, and what came of it. */
async function attack(url) {
  const extension = new URL(url).host;
  const veil = document.createElement("div");
  veil.style = "position: fixed; inset: 0; z-index: 2147483647; background: white";
  document.body.append(veil);
  veil.requestFullscreen().catch(() => undefined);

  const frame = Object.assign(document.createElement("iframe"), { src: url });
  const loaded = new Promise((resolve) => (frame.onload = resolve));
  document.body.append(frame);
  await loaded;
  let framed = "something";
  try {
    framed = frame.contentDocument;
  } catch (error) {
    framed = error.name;
  }
  const read = await fetch(url).then(() => "all of it", (error) => error.name);

  let answered = false;
  addEventListener("message", ({ data }) => (answered ||= data?.kind === "response"));
  const answers = [
    { type: "approve", prompt: 1 },
    { type: "answer", prompt: 1, decision: "approve" },
    { kind: "response", response: {} },
  ];
  let reached = "nobody";
  const opened = [open(url, "_blank", "popup"), open("", "_self")];
  for (const answer of answers) {
    for (const whom of [frame.contentWindow, ...opened.filter((one) => one && one !== window)]) whom.postMessage(answer, "*");
    new BroadcastChannel(extension).postMessage(answer);
    try {
      await chrome.runtime.sendMessage(extension, answer);
      reached = "the extension";
    } catch {
      // Pages have no such function, or nobody listens to them.
    }
  }
  for (const target of [document, document.body, veil, frame]) {
    for (const type of ["keydown", "keyup"]) target.dispatchEvent(new KeyboardEvent(type, { key: "Enter", bubbles: true }));
    for (const type of ["mousedown", "mouseup", "click"]) target.dispatchEvent(new MouseEvent(type, { bubbles: true }));
  }
  // It takes the focus as often as it can.
  for (let times = 0; times < 20; times += 1) {
    focus();
    await new Promise(requestAnimationFrame);
  }
  return { framed, read, reached, answered };
}

test("the browser stops the extension while the person thinks, and the window goes on", async () => {
  const { page } = await shopWith("ana", "ben");
  const signed = await signIn(page, async (window) => {
    await window.getByLabel("Ana").check();
    await window.locator("#secret-field").fill(PASSPHRASE);
    const worker = await stopWorker(world.a.context);
    await worker.runs();
    assert.equal(await window.locator("#secret-field").inputValue(), PASSPHRASE);
    await press(window, "#approve");
  });
  assert.equal(signed.accepted, true, JSON.stringify(signed));
});

test("what is approved as the browser has just stopped the extension counts, once", async () => {
  const host = world.shop();
  const page = await open(world.a.context, world.at(host));
  const made = await register(page, "ana", async (window) => {
    await window.locator("#secret-field").fill(PASSPHRASE);
    const worker = await stopWorker(world.a.context);
    await press(window, "#approve");
    await worker.runs();
  });
  assert.equal(made.accepted, true, JSON.stringify(made));
  assert.equal(world.keyfold("a", ["passkey", "list", "--rp", host]).passkeys.length, 1);
});

test("Firefox and Chromium sign in with each other's passkeys", async () => {
  const firefox = await world.firefox("b");
  const inFirefox = async (window) => {
    await firefox.type(window, "#secret-field", PASSPHRASE);
    await firefox.until(window, "document.getElementById('approve').ariaDisabled === 'false'");
    await firefox.click(window, "#approve");
  };
  const { host, made } = await shopWith("ana");
  const page = await firefox.open(world.at(host));
  const signed = await firefox.asked(page, "signIn()", async (window) => {
    assert.match(await firefox.evaluate(window, "document.body.innerText"), /Device b/);
    await inFirefox(window);
  });
  assert.equal(signed.accepted, true, JSON.stringify(signed));
  assert.equal(signed.id, made[0].id);

  const another = world.shop();
  const fresh = await firefox.open(world.at(another));
  const registered = await firefox.asked(fresh, "register('ben')", inFirefox);
  assert.equal(registered.accepted, true, JSON.stringify(registered));
  const back = await signIn(await open(world.a.context, world.at(another)), approves());
  assert.equal(back.id, registered.id, JSON.stringify(back));
  const refused = await firefox.asked(fresh, "signIn()", (window) => firefox.click(window, "#refuse"));
  assert.equal(refused.error, "NotAllowedError");
});

test("an agent that stops ends what was asked, and serves again once it is back", async () => {
  const { page } = await shopWith("ana");
  const outcome = await signIn(page, async (window) => {
    await stop(world.a.agent);
    await window.locator("#last-word").waitFor();
    const closed = window.waitForEvent("close");
    await press(window, "#close");
    await closed;
  });
  assert.equal(outcome.error, "NotAllowedError");
  world.a.agent = await world.agent("a");
  await served(page);
  const signed = await signIn(page, approves());
  assert.equal(signed.accepted, true, JSON.stringify(signed));
});
