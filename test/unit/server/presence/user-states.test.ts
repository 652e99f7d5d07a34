import assert from 'node:assert/strict';
import { test } from 'node:test';
import { settingsFrom } from '../../../../server/fold/user-settings.ts';
import type { PresentMember } from '../../../../server/presence/gather.ts';
import { UserStates } from '../../../../server/presence/user-states.ts';
import { type Acquaintance, StatePushes } from '../../../../server/presence/watching.ts';
import { jsonCodec } from '../../../../server/protocol/json.ts';
import { protobufCodec } from '../../../../server/protocol/protobuf.ts';
import type { Member } from '../../../../server/room/member.ts';
import type { Moment, WallTime } from '../../../../server/time/clock.ts';

/** The gateway of ann, who watches bob; bob is active on another one, whose events are all lost. */
function annsGateway() {
  let now = 0;
  let isInvisible = false;
  let acquaintance: Acquaintance | null = 'known';
  const pushed: string[] = [];
  const client = 'c';
  const ann = { client, isBackground: false, encoding: 'json', alive: () => true, offer: () => true };
  const bob: PresentMember = { client: 'd', user: 'bob', gateway: 'b', isBackground: false };
  const states = new UserStates({
    gateway: 'a',
    own: user => (user === 'ann' ? [ann as unknown as Member] : []),
    ask: async () => ({ clients: 1, members: new Map([['d', bob]]), partial: false }) as never,
    settings: users =>
      new Map(users.map(user => [user, settingsFrom({ invisible: { at: 1, value: isInvisible } } as never)])),
    sight: async (_, users) => new Map(acquaintance ? users.map(user => [user, acquaintance as Acquaintance]) : []),
    invisible: () => undefined,
    interest: () => undefined,
    tell: () => undefined,
    lastSeen: async () => new Map([['bob', 60_000]]),
    pushes: new StatePushes({
      codecs: { json: jsonCodec, protobuf: protobufCodec },
      pushed: () => pushed.push('bob'),
      drops: () => false,
    }),
    now: () => now as Moment,
    wallClock: () => now as WallTime,
    after: () => undefined as never,
  });
  /** Lets time pass, and what is due be done. */
  const pass = async (ms: number) => {
    now += ms;
    states.tick();
    await new Promise(setImmediate);
  };
  const answer = async () => (await states.watch('ann', client, ['bob']))[0];
  const watch = async () => (await answer())?.state;
  return {
    answer,
    pass,
    pushed,
    watch,
    hide: () => {
      isInvisible = true;
    },
    part: () => {
      acquaintance = null;
    },
  };
}

test('a user who becomes invisible before other gateways know who watches is hidden with the second comparison', async () => {
  const { watch, hide, pass, pushed } = annsGateway();
  assert.equal(await watch(), 'active');
  hide();
  await pass(1_000);
  await pass(0);
  assert.deepEqual([pushed, await watch()], [['bob'], 'offline']);
});

test('a user who is invisible already has the time last seen in the answer, as one who is offline has', async () => {
  const { answer, hide } = annsGateway();
  hide();
  assert.deepEqual(await answer(), { user: 'bob', state: 'offline', lastSeen: 60_000 });
});

test('a user who has left the room that was shared is not seen for long by those who watch', async () => {
  const { watch, part, pass, pushed } = annsGateway();
  assert.equal(await watch(), 'active');
  await pass(1_000);
  part();
  for (let minute = 1; minute <= 5; minute++) await pass(60_000);
  await pass(0);
  assert.deepEqual(pushed, ['bob']);
});
