import assert from 'node:assert/strict';
import { CallError } from '../../../client/call-error.ts';
import type { Publication } from '../../../client/transport.ts';
import type { Entry } from '../../../server/fold/entry.ts';
import { RoomFold } from '../../../server/fold/room-fold.ts';
import { integer, pick } from '../../../tools/support/random.ts';
import { offlineChat } from '../../support/chat/offline-chat.ts';
import { anyLog } from '../../support/chat/room-entries.ts';
import { settle } from '../../support/clocks/settle.ts';
import { fuzz } from '../../support/fuzz/fuzz.ts';

const ROOM = 'channel:general';
const AWAY = new CallError(100, 'internal server error', true);

function publicationOf({ type, offset, ...data }: Entry): Publication {
  const user = 'user' in data ? data.user : 'ann';
  return { type, offset, data: { type, ...data }, sender: { user, client: 'c' } };
}

fuzz(
  'a room whose connection, pages and gateways come and go in any order shows the messages of its log',
  [1, 2, 3],
  40,
  async random => {
    const { chat, server, clock } = offlineChat();
    const log = anyLog(random, 150);
    const room = chat.open(ROOM);
    let next = 0;
    let online = false;
    const toggle = () => {
      online = !online;
      server.recovers = random() < 0.5;
      if (online) server.connect();
      else server.disconnect();
    };
    const steps: readonly (() => void | Promise<void>)[] = [
      () => {
        const from = next;
        next = Math.min(log.length, next + integer(random, 30));
        for (const entry of log.slice(from, next)) server.append(ROOM, publicationOf(entry));
      },
      toggle,
      () => void room.loadOlder(),
      settle,
      settle,
      () => clock.pass(20_000),
      () => {
        server.lag = integer(random, 10);
        server.folds = random() < 0.7;
      },
      () => void server.historyFaults.push(AWAY),
    ];
    for (let step = 0; step < 40; step++) await pick(random, steps)();

    for (const entry of log.slice(next)) server.append(ROOM, publicationOf(entry));
    server.historyFaults.length = 0;
    if (online) toggle();
    toggle();
    for (let page = 0; page < 8; page++) {
      await settle();
      clock.pass(20_000);
      await settle();
      await room.loadOlder();
    }
    const fold = new RoomFold();
    for (const entry of log) fold.add(entry);
    assert.deepEqual(room.messages, fold.messages());
  },
);
