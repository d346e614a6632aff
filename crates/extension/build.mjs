// Bundles the extension: `node build.mjs` writes dist/chromium and dist/firefox, `node build.mjs test` the unit tests.

import { cp, mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { build } from 'esbuild';

const json = async (file) => JSON.parse(await readFile(file, 'utf8'));
const { version } = await json('package.json');
const identity = await json('identity.json');

const shared = {
  bundle: true,
  charset: 'utf8',
  legalComments: 'none',
  logLevel: 'warning',
  target: ['chrome123', 'firefox140'],
};

async function extension(browser) {
  const out = `dist/${browser}`;
  await rm(out, { recursive: true, force: true });
  await mkdir(out, { recursive: true });
  await build({
    ...shared,
    define: { FOR_FIREFOX: String(browser === 'firefox'), VERSION: JSON.stringify(version) },
    entryPoints: {
      background: 'src/background/main.ts',
      bridge: 'src/page/bridge.ts',
      page: 'src/page/main.ts',
      popup: 'src/popup/main.ts',
      window: 'src/window/main.ts',
    },
    // No global may be left behind in a page: each bundle is one function.
    format: 'iife',
    outdir: out,
  });
  const manifest = { ...(await json('manifest/common.json')), ...(await json(`manifest/${browser}.json`)), version };
  if (browser === 'chromium') manifest.key = identity.chromiumKey;
  await writeFile(`${out}/manifest.json`, `${JSON.stringify(manifest, null, 2)}\n`);
  for (const page of ['popup', 'window']) {
    await cp(`src/${page}/${page}.html`, `${out}/${page}.html`);
    await cp(`src/${page}/${page}.css`, `${out}/${page}.css`);
  }
  await cp('src/look.css', `${out}/look.css`);
  await cp('icons', `${out}/icons`, { recursive: true });
}

async function tests() {
  await rm('dist/test', { recursive: true, force: true });
  const names = (await readdir('test')).filter((name) => name.endsWith('.test.ts'));
  await build({
    ...shared,
    define: { FOR_FIREFOX: 'false', VERSION: JSON.stringify(version) },
    entryPoints: names.map((name) => `test/${name}`),
    format: 'esm',
    outExtension: { '.js': '.mjs' },
    outdir: 'dist/test',
    platform: 'node',
    target: 'node20',
  });
}

if (process.argv[2] === 'test') {
  await tests();
} else {
  await extension('chromium');
  await extension('firefox');
}
