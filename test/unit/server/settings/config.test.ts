import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Logger } from 'pino';
import { OPTIONS } from '../../../../server/contract/options.ts';
import { checkSecrets } from '../../../../server/gateway/secret-check.ts';
import { ConfigError, loadConfig, reloadableOptionsOf, reloadConfig } from '../../../../server/settings/config.ts';
import { unknownVariables } from '../../../../server/settings/unknown-variables.ts';

const GOOD = {
  CHAT_INSTANCE: 'demo-0123456789',
  CHAT_NATS_URL: 'nats://nats:4222',
  CHAT_MONGODB_URI: 'mongodb://somebody:hush@mongo/',
  CHAT_AUTH_SECRET: '0123456789abcdef0123456789abcdef',
};

function problemsOf(env: Record<string, string>): readonly string[] {
  try {
    loadConfig('gateway', { ...GOOD, ...env });
    return [];
  } catch (error) {
    assert.ok(error instanceof ConfigError);
    return error.problems;
  }
}

test('a gateway needs four options and has a default for every other', () => {
  const config = loadConfig('gateway', GOOD);
  assert.equal(config.port, 8080);
  assert.equal(config.sendBufferBytes, 1024 * 1024);
  assert.equal(config.devSignIn, 'Disabled');
  assert.notEqual(config.processName, '');
});

test('all problems are named at once, each with its bounds', () => {
  const problems = problemsOf({
    CHAT_PORT: '70000',
    CHAT_PARTITIONS: '4.5',
    CHAT_LOG_LEVEL: 'loud',
    CHAT_INSTANCE: '',
  });
  assert.equal(problems.length, 4);
  assert.match(problems.join('\n'), /CHAT_PORT must be an integer from 0 to 65535, got "70000"/);
  assert.match(problems.join('\n'), /CHAT_PARTITIONS must be an integer from 1 to 64, got "4.5"/);
  assert.match(problems.join('\n'), /CHAT_LOG_LEVEL must be one of debug, info, warn, error, got "loud"/);
  assert.match(problems.join('\n'), /CHAT_INSTANCE is required/);
});

test('an option that does not exist keeps no process from starting: an operator may be newer than an image', () => {
  assert.deepEqual(problemsOf({ CHAT_PROT: '1' }), []);
});

test('a warning names each variable that is ignored, and the option that was meant', () => {
  const env = { ...GOOD, CHAT_PROT: '1', CHAT_MAXCONNECTIONS: '7', CHAT_ENTIRELY_NEW_THING: 'x', HOME: '/' };
  assert.deepEqual(unknownVariables(env), [
    'CHAT_PROT is not an option of this version and is ignored; did you mean CHAT_PORT?',
    'CHAT_MAXCONNECTIONS is not an option of this version and is ignored; did you mean CHAT_MAX_CONNECTIONS?',
    'CHAT_ENTIRELY_NEW_THING is not an option of this version and is ignored',
  ]);
  assert.deepEqual(unknownVariables(GOOD), []);
  const rules = { group: { maxMember: 5, join: 'Invite', limits: { textLetters: 9, editSeconds: 1 } } };
  assert.deepEqual(unknownVariables({ CHAT_ROOM_RULES: JSON.stringify(rules) }), [
    'CHAT_ROOM_RULES: group.maxMember is no field of this version and is ignored',
    'CHAT_ROOM_RULES: group.limits.textLetters is no field of this version and is ignored',
  ]);
  assert.deepEqual(unknownVariables({ CHAT_ROOM_RULES: '{' }), []); // a worker does not check what gateways read
});

for (const [what, env, problem] of [
  ['a pong after the next ping', { CHAT_PING_SECONDS: '5', CHAT_PONG_SECONDS: '5' }, 'CHAT_PONG_SECONDS must be below'],
  [
    'a message above a frame',
    { CHAT_MAX_MESSAGE_BYTES: '65537' },
    'CHAT_MAX_MESSAGE_BYTES must not be above CHAT_MAX_FRAME',
  ],
  [
    'a message above a send buffer',
    { CHAT_MAX_MESSAGE_BYTES: '65537', CHAT_MAX_FRAME_BYTES: '100000', CHAT_SEND_BUFFER_BYTES: '65536' },
    'CHAT_MAX_MESSAGE_BYTES must not be above CHAT_SEND_BUFFER_BYTES',
  ],
  [
    'a send buffer above all of them',
    { CHAT_SEND_BUFFER_BYTES: '2097152', CHAT_SEND_BUFFER_TOTAL_BYTES: '1048576' },
    'CHAT_SEND_BUFFER_BYTES must not be above CHAT_SEND_BUFFER_TOTAL_BYTES',
  ],
] as const) {
  test(`${what} is a problem at the start, and changes nothing while the gateway runs`, () => {
    const [found = '', ...others] = problemsOf(env);
    assert.ok(found.includes(problem), found);
    assert.deepEqual(others, []);
    const start: Record<string, string> = {};
    const later = new Map<string, string>();
    for (const [name, value] of Object.entries(env)) {
      if (reloadableOptionsOf('gateway').some(option => OPTIONS[option].env === name)) later.set(name, value);
      else start[name] = value;
    }
    const current = loadConfig('gateway', { ...GOOD, ...start });
    const { changed, problems } = reloadConfig(
      'gateway',
      current,
      { ...GOOD, ...start },
      later.set('CHAT_AUTH_SECRET', GOOD.CHAT_AUTH_SECRET),
    );
    assert.deepEqual(changed, {});
    assert.ok(
      problems.some(each => each.includes(problem)),
      String(problems),
    );
  });
}

test('a line break at the end of a Secret is no part of an address or a password, and is one of a signing secret', () => {
  const config = loadConfig('gateway', {
    ...GOOD,
    CHAT_MONGODB_URI: `${GOOD.CHAT_MONGODB_URI}\n`,
    CHAT_NATS_USER: 'me\r\n',
    CHAT_NATS_PASSWORD: 'hush\n\n',
    CHAT_AUTH_SECRET: `${GOOD.CHAT_AUTH_SECRET}\n`,
  });
  assert.equal(config.mongodbUri, GOOD.CHAT_MONGODB_URI);
  assert.deepEqual([config.natsUser, config.natsPassword], ['me', 'hush\n']);
  assert.equal(config.authSecret, `${GOOD.CHAT_AUTH_SECRET}\n`);
  const lines: object[] = [];
  const logger = { warn: (facts: object) => lines.push(facts) } as unknown as Logger;
  checkSecrets(config, logger);
  assert.deepEqual(lines, [{ option: 'CHAT_AUTH_SECRET' }]);
  checkSecrets(loadConfig('gateway', GOOD), logger);
  assert.equal(lines.length, 1);
  assert.deepEqual(problemsOf({ CHAT_MONGODB_URI: '\n' }).length, 1, 'nothing is left');
  const files = new Map([['CHAT_NATS_PASSWORD', 'new\n']]);
  assert.deepEqual(reloadConfig('gateway', config, GOOD, files).changed.natsPassword, 'new');
});

test('the value of a secret never stands in a problem', () => {
  const problems = problemsOf({ CHAT_AUTH_SECRET: 'too-short' });
  assert.equal(problems.length, 1);
  assert.doesNotMatch(problems.join(), /too-short/);
});

test('a heartbeat must be answered before the next one is sent', () => {
  assert.deepEqual(problemsOf({ CHAT_PING_SECONDS: '5' }), ['CHAT_PONG_SECONDS must be below CHAT_PING_SECONDS']);
  assert.deepEqual(problemsOf({ CHAT_PING_SECONDS: '5', CHAT_PONG_SECONDS: '4' }), []);
});

test('an option that has no value for a problem of its own is not compared with others', () => {
  const [problem = '', ...more] = problemsOf({ CHAT_PING_SECONDS: 'often' });
  assert.match(problem, /^CHAT_PING_SECONDS must be an integer/);
  assert.deepEqual(more, []);
});

test('a round of comparisons takes less time than LIVE holds a message', () => {
  assert.deepEqual(problemsOf({ CHAT_RECHECK_SECONDS: '300' }), [
    'CHAT_RECHECK_SECONDS must be an integer from 1 to 299, got "300"',
  ]);
  assert.deepEqual(problemsOf({ CHAT_RECHECK_SECONDS: '299' }), []);
});

test('a worker does not need what only a gateway uses', () => {
  const { CHAT_AUTH_SECRET: _, ...env } = GOOD;
  assert.equal(loadConfig('worker', env).storeBatch, 500);
});
