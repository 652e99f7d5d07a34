/**
 * `npm start`: nats-server, MongoDB (or its stand-in) and the chat server on this machine, with data kept under `.data`
 * (another directory: DATA_DIR). CHAT_ variables of the environment replace the settings below; Ctrl-C ends everything.
 */
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadConfig } from '../../server/settings/config.ts';
import { type Child, portIsFree, startChild } from './child.ts';
import { startMongo } from './mongo.ts';
import { startNats } from './nats.ts';
import { checkPrerequisites, spinePrerequisites } from './prerequisites.ts';
import { longStep } from './run.ts';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '../..');
const DATA = process.env['DATA_DIR'] ?? join(ROOT, '.data');
const PORT = Number(process.env['CHAT_PORT'] ?? 8080);
const READY_MS = 60_000;

/** Ends what was started, last first. */
const ends: (() => Promise<void>)[] = [];
let ending: Promise<never> | null = null;
function end(code: number): Promise<never> {
  ending ??= (async () => {
    for (const each of ends.reverse()) await each();
    process.exit(code);
  })();
  return ending;
}

/** The same secret in each start, so that tokens stay valid. */
function authSecret(): string {
  const file = join(DATA, 'auth-secret');
  if (!existsSync(file)) writeFileSync(file, randomBytes(32).toString('base64url'), { mode: 0o600 });
  return readFileSync(file, 'utf8');
}

async function ready(server: Child): Promise<void> {
  const deadline = performance.now() + READY_MS;
  while (server.running() && performance.now() < deadline) {
    const answer = await fetch(`http://127.0.0.1:${PORT}/readyz`).catch(() => null);
    if (answer?.ok) return;
    await new Promise(resolve => setTimeout(resolve, 100));
  }
  // A server that has ended has logged why; that ends this process, too.
  if (server.running()) throw new Error(`the chat server was not ready within ${READY_MS / 1_000} s`);
  await server.ended;
  await end(1);
}

/** Variables of the chat server: ours, and those of the environment, which win. */
function settings(natsUrl: string, mongodbUri: string): Readonly<Record<string, string | undefined>> {
  return {
    CHAT_INSTANCE: 'dev',
    CHAT_NATS_URL: natsUrl,
    CHAT_MONGODB_URI: mongodbUri,
    CHAT_AUTH_SECRET: authSecret(),
    CHAT_DEV_SIGN_IN: 'Enabled',
    CHAT_WEB_PAGE: 'Enabled',
    CHAT_PORT: String(PORT),
    CHAT_ADMIN_PORT: '0',
    ...process.env,
  };
}

async function main(): Promise<void> {
  const problems = await checkPrerequisites(await spinePrerequisites());
  if (problems.length > 0) throw new Error(`something is missing:\n${problems.map(each => `  - ${each}`).join('\n')}`);
  mkdirSync(DATA, { recursive: true });
  // A wrong option is reported before anything is built or started; the addresses of both servers follow later.
  loadConfig('standalone', settings('nats://127.0.0.1', 'mongodb://127.0.0.1'));
  if (!(await portIsFree(PORT))) throw new Error(`port ${PORT} is taken; choose another one with CHAT_PORT=...`);
  await longStep('building the page', process.execPath, [join(ROOT, 'web/build.ts')]);
  const nats = await startNats({ dataDir: join(DATA, 'nats') });
  ends.push(() => nats.close());
  const mongo = await startMongo({ dataDir: join(DATA, 'mongo') });
  ends.push(() => mongo.close());
  const server = await startChild(process.execPath, [join(ROOT, 'server/standalone.ts')], {
    print: true,
    env: settings(nats.url, mongo.uri),
  });
  ends.push(() => server.stop());
  void server.ended.then(() => {
    if (!ending) process.stderr.write('the chat server ended by itself\n');
    void end(1);
  });
  await ready(server);
  process.stdout.write(
    `\nChatCluster runs: the page is on http://127.0.0.1:${PORT}\n` +
      `  clients:   ws://127.0.0.1:${PORT}/connection/websocket\n` +
      `  a token:   curl -X POST -d '{"user":"alice"}' http://127.0.0.1:${PORT}/dev/token\n` +
      `  data:      ${DATA}\n  to end it: Ctrl-C\n\n`,
  );
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => void end(0));
main().catch((error: Error) => {
  process.stderr.write(`${error.message}\n`);
  void end(1);
});
