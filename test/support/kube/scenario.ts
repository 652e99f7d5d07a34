import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { FLAWLESS } from '../../../tools/support/delivery.ts';
import type { Course, MovingClients } from '../chat/moving-clients.ts';
import { type OperatorWrite, operatorWrites } from './operator-writes.ts';
import type { OwnChat } from './own-chat.ts';

/** Counts of clients and API server while something happened to a ChatCluster. */
export interface Outcome extends Course {
  readonly writes: readonly OperatorWrite[] | null;
}

/**
 * Does something to a ChatCluster under its clients, ends their publishing and asserts what always holds: no message is
 * lost, repeated or out of order, and no client moves more often than it may. The numbers are printed as a table's row.
 * @param mostMoves that a client may make
 */
export async function underway(
  t: TestContext,
  chat: OwnChat,
  clients: MovingClients,
  mostMoves: number,
  happen: () => Promise<void>,
): Promise<Outcome> {
  const writes = operatorWrites(chat.access, chat.name);
  await happen();
  const course = await clients.finish();
  const written = writes();
  const { verdict, peakPerSecond } = course;
  const wrong = [verdict.lost, verdict.repeated, verdict.reordered].map(list => list.length).join('/');
  const cells = [t.name, course.clients, course.messages, wrong, course.mostMoves, peakPerSecond, tally(written)];
  t.diagnostic(`| ${cells.join(' | ')} |`);
  assert.deepEqual(verdict, FLAWLESS);
  assert.ok(course.mostMoves <= mostMoves, `a client moved ${course.mostMoves} times`);
  return { ...course, writes: written };
}

/** Such as `5: pods 4, deployments 1`. */
function tally(writes: readonly OperatorWrite[] | null): string {
  if (writes === null) return 'not counted';
  const counts = new Map<string, number>();
  for (const { resource } of writes) counts.set(resource, (counts.get(resource) ?? 0) + 1);
  const parts = [...counts].map(([resource, count]) => `${resource} ${count}`);
  return `${writes.length}${parts.length > 0 ? `: ${parts.join(', ')}` : ''}`;
}
