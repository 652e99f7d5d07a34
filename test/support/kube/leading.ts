import assert from 'node:assert/strict';
import { pino } from 'pino';
import type { AskPod } from '../../../operator/api/ask-pod.ts';
import { createMetrics } from '../../../operator/process/metrics.ts';
import { LeaderTerm } from '../../../operator/reconcile/leader-term.ts';
import { ManualClock } from '../clocks/manual-clock.ts';
import { MemoryApi } from './memory-api.ts';
import { watchedCaches } from './watched-caches.ts';

/** The leader over an API server in memory, in simulated time. */
export async function leading(t: { after(end: () => unknown): void }, ask: AskPod) {
  const clock = new ManualClock(Date.UTC(2026, 0, 1), 0);
  const api = new MemoryApi();
  const metrics = createMetrics();
  const random = () => 0.5;
  let term: LeaderTerm | undefined;
  const caches = watchedCaches(t, { api, clock, random }, key => term?.add(key));
  await clock.passSettling(0);
  assert.ok(caches.isSynced);
  const config = {
    defaultImage: 'chat:1',
    pollSeconds: 5,
    concurrency: 4,
    rewritesPerSecond: 10,
    instance: 'operator',
  };
  const crd = { unknown: [] };
  const log = pino({ level: 'silent' });
  term = new LeaderTerm({ config, caches, crd, client: api, metrics, clock, random, ask, log });
  const leader = term;
  t.after(async () => {
    const ended = leader.end();
    await clock.passSettling(60_000);
    await ended;
  });
  return { clock, api, metrics, caches };
}
