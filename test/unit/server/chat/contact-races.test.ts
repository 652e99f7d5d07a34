import assert from 'node:assert/strict';
import { uuid7Source } from '../../../../client/uuid7.ts';
import { callVerb, type Verb } from '../../../../server/chat/verb.ts';
import { VERBS } from '../../../../server/chat/verbs.ts';
import { NO_PAIR, type Pair, readContact, readPair, relationOf, withContact } from '../../../../server/fold/pair.ts';
import { CommandError } from '../../../../server/protocol/command-error.ts';
import { dataOf } from '../../../../server/room/message.ts';
import { integer, pick } from '../../../../tools/support/random.ts';
import { FreeCall } from '../../../support/chat/free-call.ts';
import { MemoryLog } from '../../../support/chat/memory-log.ts';
import { memoryPairs } from '../../../support/chat/memory-pairs.ts';
import { MemoryPolicyStore } from '../../../support/chat/memory-policy.ts';
import { MemoryStore } from '../../../support/chat/memory-store.ts';
import { testChat, testConfig } from '../../../support/chat/test-chat.ts';
import { ManualClock } from '../../../support/clocks/manual-clock.ts';
import { fuzz } from '../../../support/fuzz/fuzz.ts';

const ACTS = [
  'friend.request',
  'friend.accept',
  'friend.decline',
  'friend.remove',
  'block.add',
  'block.remove',
] as const;
const USERS = ['ann', 'bob'] as const;

/** Two gateways over one log and one store. */
function twoGateways() {
  const clock = new ManualClock();
  const clocks = { now: () => clock.now(), wallClock: () => clock.wallClock() };
  const store = new MemoryStore();
  const log = new MemoryLog(store);
  const policy = new MemoryPolicyStore();
  const config = testConfig({ CHAT_FRIEND_REQUESTS_PER_DAY: '1000' });
  const make = () =>
    testChat({ clocks, config, log, store, access: () => assert.fail(), pairs: memoryPairs(clocks, policy) });
  const chats = [make(), make()] as const;
  const id = uuid7Source(clocks.wallClock, length => crypto.getRandomValues(new Uint8Array(length)));
  /** State that a user is answered; null for a refusal. */
  const act = async (gateway: 0 | 1, verb: (typeof ACTS)[number], user: string, other: string) => {
    try {
      const params = { id: id(), user: other };
      const { state, blocked } = (await callVerb(VERBS[verb] as Verb, new FreeCall(user), params, chats[gateway])) as {
        readonly state: string;
        readonly blocked: boolean;
      };
      return { state, blocked };
    } catch (error) {
      if (error instanceof CommandError) return null;
      throw error;
    }
  };
  /** Pair as the inboxes of both have it. */
  const logged = async (): Promise<Pair> => {
    const pages = await Promise.all(USERS.map(user => log.readAfter(`user:${user}`, 0, 1_000)));
    const entries = pages.flatMap(({ messages }) => messages);
    return entries.flatMap(entry => readContact(entry, dataOf(entry)) ?? []).reduce(withContact, NO_PAIR);
  };
  const stored = async () => readPair((await policy.read({ pair: USERS }))?.value) ?? NO_PAIR;
  return { act, logged, stored };
}

fuzz(
  'acts of both on two gateways at the same time: all know what the inboxes say, and a lone act is answered with it',
  [1, 2, 3],
  20,
  async random => {
    const { act, logged, stored } = twoGateways();
    const any = () => {
      const user = pick(random, USERS);
      const other = user === 'ann' ? 'bob' : 'ann';
      return { gateway: integer(random, 2) as 0 | 1, verb: pick(random, ACTS), user, other };
    };
    for (let round = 0; round < 12; round++) {
      const together = Array.from({ length: 1 + integer(random, 3) }, any);
      const answers = await Promise.all(
        together.map(({ gateway, verb, user, other }) => act(gateway, verb, user, other)),
      );
      const pair = await logged();
      assert.deepEqual(await stored(), pair);
      const [alone, ...others] = together;
      if (!alone || others.length > 0 || !answers[0]) continue;
      const { state, blocks } = relationOf(pair, alone.user, alone.other);
      assert.deepEqual(answers[0], { state, blocked: blocks }, alone.verb);
    }
  },
);
