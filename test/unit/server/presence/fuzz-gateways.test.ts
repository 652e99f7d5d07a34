import assert from 'node:assert/strict';
import { integer, pick } from '../../../../tools/support/random.ts';
import { PresentGateways } from '../../../support/chat/present-gateways.ts';
import { settle } from '../../../support/clocks/settle.ts';
import { anyJson, fuzz, mutated, type Random } from '../../../support/fuzz/fuzz.ts';

const ROOM = 'channel:room';

/** Messages between gateways of this release and the one before. */
const CORPUS = [
  '{"gateway":"gateway-1","leaving":false,"life":"x","version":3,"change":{"set":[1],"cleared":[2]}}',
  '{"gateway":"gateway-9","leaving":false}',
  '{"rooms":[["channel:room",10,1],["channel:other",0,0]]}',
  '{"shards":true}',
  '{"parts":[{"room":0,"clients":1,"members":[["c","u"]],"users":{"hashes":""}}],"last":true}',
  '{"gateway":"gateway-9","members":[["c","u"]],"partial":false}',
  '{"life":"x","version":1,"shards":"AAAA"}',
].map(text => Buffer.from(text));

const odd = (random: Random) =>
  random() < 0.3 ? (JSON.stringify(anyJson(random)) ?? '') : Buffer.from(mutated(random, CORPUS)).toString();

fuzz('whatever gateways are sent, they answer for their own connections as before', [1, 2, 3], 15, async random => {
  const gateways = await PresentGateways.start(2);
  const [first, second] = [gateways.at(0), gateways.at(1)];
  await first.enter(ROOM, 'alice');
  await gateways.told();
  const stranger = gateways.net.bus();
  stranger.onAsk('gateway-9', () => [odd(random), odd(random)]);
  stranger.onAskPrevious(() => odd(random));
  for (let i = integer(random, 6); i > 0; i--) {
    stranger.beat(odd(random));
    stranger.ask(pick(random, ['gateway-0', 'gateway-1', 'gateway-9']), odd(random), () => undefined);
    gateways.net.askAsPrevious(String(anyJson(random, 0)), () => undefined);
  }
  await settle();
  const { members } = await first.presence.members(ROOM, 10);
  assert.ok([...(members?.values() ?? [])].some(({ user }) => user === 'alice'));
  for (const member of members?.values() ?? []) assert.ok(member.user.isWellFormed() && member.client.isWellFormed());
  const { clients, users } = await second.presence.stats(ROOM);
  assert.ok(Number.isSafeInteger(clients) && Number.isSafeInteger(users), `${clients} ${users}`);
});
