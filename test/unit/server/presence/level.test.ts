import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BEAT_MS, Peers } from '../../../../server/presence/peers.ts';
import { type Beat, FEATURE_LEVEL, readBeat } from '../../../../server/presence/wire.ts';
import type { Moment } from '../../../../server/time/clock.ts';

const at = (ms: number) => ms as Moment;
const beat = (gateway: string, level: number): Beat => ({ gateway, leaving: false, life: gateway, version: 0, level });

test('the level of all gateways is the lowest of those that are there, and unknown until they can have answered', () => {
  const peers = new Peers('own');
  assert.equal(peers.level(2, at(0)), null);
  peers.hear(beat('own', 2), at(0));
  peers.hear(beat('other', 1), at(10));
  assert.equal(peers.level(2, at(100)), null);
  assert.equal(peers.level(2, at(300)), 1);
  peers.hear(beat('own', 2), at(BEAT_MS));
  peers.hear(beat('previous', 0), at(BEAT_MS));
  assert.equal(peers.level(2, at(BEAT_MS)), 0);
  for (const beats of [2, 3, 4]) {
    peers.hear(beat('own', 2), at(beats * BEAT_MS));
    peers.hear(beat('other', 1), at(beats * BEAT_MS));
  }
  assert.equal(peers.level(2, at(4 * BEAT_MS + 1)), 1);
});

test('a gateway that is cut off knows of no level', () => {
  const peers = new Peers('own');
  peers.hear(beat('own', 1), at(0));
  assert.equal(peers.level(1, at(BEAT_MS)), 1);
  assert.equal(peers.level(1, at(2 * BEAT_MS)), 0);
});

test('a heartbeat of the release before has level 0', () => {
  assert.equal(readBeat('{"gateway":"a","life":"b","version":0}')?.level, 0);
  assert.equal(readBeat(JSON.stringify(beat('a', FEATURE_LEVEL)))?.level, FEATURE_LEVEL);
});
