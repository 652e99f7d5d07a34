import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cyclesOf, filesOf, foldersOf, importGraph } from '../support/architecture/import-graph.ts';
import { againstBounds, againstOrder } from '../support/architecture/rules.ts';

const graphOf = (sources: Readonly<Record<string, string>>) => importGraph(new Map(Object.entries(sources)));

test('two files that import each other are found, also where one of them only takes a type', () => {
  const graph = graphOf({
    'server/room/room.ts': "import type { Tail } from './tail.ts';",
    'server/room/tail.ts': "import {\n  join,\n  type Room,\n} from './room.ts';",
    'server/room/log.ts': "import { Room } from './room.ts';",
  });
  assert.deepEqual(cyclesOf(filesOf(graph)), ['server/room/room.ts -> server/room/tail.ts -> server/room/room.ts']);
});

test('folders that import each other are found, though no two files do', () => {
  const graph = graphOf({
    'server/room/room.ts': "import type { Socket } from '../bus/socket.ts';",
    'server/room/member.ts': '',
    'server/bus/socket.ts': '',
    'server/bus/log.ts': "export type { Member } from '../room/member.ts';",
  });
  assert.deepEqual(cyclesOf(filesOf(graph)), []);
  assert.deepEqual(cyclesOf(foldersOf(graph)), ['server/room -> server/bus -> server/room']);
});

test('an import of a higher folder, of its own height, or out of nowhere is found', () => {
  const graph = graphOf({
    'server/room/room.ts': "import { Session } from '../session/session.ts';",
    'server/store/mongo.ts': "import { own } from '../presence/own.ts';",
    'server/session/session.ts': "import { Room } from '../room/room.ts';",
    'extra/room.ts': '',
  });
  assert.deepEqual(againstOrder(graph), [
    'server/room/room.ts imports server/session/session.ts, which is no lower',
    'server/store/mongo.ts imports server/presence/own.ts, which is no lower',
    'extra/room.ts is in no folder of the order',
  ]);
});

test('an import of a part or a package that is not for everybody is found', () => {
  const graph = graphOf({
    'operator/fleet/plan.ts':
      "import type { Room } from '../../server/room/room.ts';\nimport { PORTS } from '../../server/contract/ports.ts';",
    'server/room/room.ts':
      "import { connect } from '@nats-io/transport-node';\nimport { until } from '../../test/support/until.ts';",
    'server/bus/connect.ts': "import { connect } from '@nats-io/transport-node';",
    'client/chat.ts':
      "import { Room } from '../server/room/room.ts';\nimport type { Clock } from '../server/time/clock.ts';",
    'test/unit/room.test.ts': "import { connect } from '@nats-io/transport-node';",
  });
  assert.deepEqual(againstBounds(graph), [
    'operator/fleet/plan.ts imports server/room/room.ts',
    'server/room/room.ts imports @nats-io/transport-node',
    'server/room/room.ts imports test/support/until.ts',
    'client/chat.ts imports server/room/room.ts',
  ]);
});
