import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, globSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { ENTRY, IMAGE_WORKDIR } from '../../server/contract/ports.ts';
import { buildChatImage } from '../../tools/cluster/chat-image.ts';
import { whyNoCluster } from '../../tools/cluster/host.ts';
import { REPOSITORY } from '../../tools/cluster/layout.ts';

const skip = whyNoCluster(process.platform, process.getuid?.()) ?? false;
const buildah = (...args: string[]) => execFileSync('buildah', args, { encoding: 'utf8' }).trim();

/** The image's root directory on the host, and its configuration. */
async function openImage() {
  const container = buildah('from', '--pull-never', await buildChatImage());
  after(() => void buildah('rm', container));
  const { OCIv1 } = JSON.parse(buildah('inspect', container)) as {
    OCIv1: { config: { User: string; WorkingDir: string; Entrypoint: string[]; Cmd: string[] } };
  };
  const root = buildah('mount', container);
  return { container, root, app: join(root, IMAGE_WORKDIR), config: OCIv1.config };
}

test('the image has the compiled processes, production packages and one addon, and nothing more', {
  skip,
}, async () => {
  const { app, root, config } = await openImage();
  assert.match(config.User, /^[1-9]\d*:[1-9]\d*$/);
  assert.equal(config.WorkingDir, IMAGE_WORKDIR);
  assert.deepEqual([...config.Entrypoint, ...config.Cmd], ['node', ENTRY.gateway]);
  for (const entry of Object.values(ENTRY)) assert.ok(existsSync(join(app, entry)), entry);
  assert.ok(existsSync(join(app, 'web/dist/index.html')));
  assert.deepEqual(globSync('usr/local/{bin,lib/node_modules}/npm', { cwd: root }), []);

  assert.deepEqual(readdirSync(app).sort(), ['node_modules', 'operator', 'package.json', 'server', 'web']);
  assert.deepEqual(globSync('{operator,server}/**/*.ts', { cwd: app }), []);
  assert.equal(readdirSync(join(app, 'node_modules/uWebSockets.js/dist/bin')).length, 1);
  const manifest = JSON.parse(readFileSync(join(REPOSITORY, 'package.json'), 'utf8')) as {
    dependencies: Record<string, string>;
    devDependencies: Record<string, string>;
  };
  const has = (name: string) => existsSync(join(app, 'node_modules', name, 'package.json'));
  assert.deepEqual(
    Object.keys(manifest.dependencies).filter(name => !has(name)),
    [],
  );
  for (const name of ['typescript', 'esbuild', 'playwright-core', '@biomejs/biome']) {
    assert.ok(name in manifest.devDependencies && !has(name), name);
  }
});

test('each process of the image starts as far as its configuration, and lists what is wrong with it', {
  skip,
}, async () => {
  const { container } = await openImage();
  for (const entry of [ENTRY.gateway, ENTRY.worker]) {
    const run = () =>
      execFileSync('buildah', ['run', '--isolation', 'chroot', container, '--', 'node', entry], { stdio: 'pipe' });
    assert.throws(run, (error: Error & { stdout: Buffer; stderr: Buffer }) => {
      const said = `${error.stdout}${error.stderr}`;
      return said.includes('CHAT_NATS_URL is required') && said.includes('CHAT_MONGODB_URI is required');
    });
  }
});
