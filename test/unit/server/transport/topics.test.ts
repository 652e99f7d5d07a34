import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type TopicMember, Topics } from '../../../../server/transport/topics.ts';
import { integer } from '../../../../tools/support/random.ts';
import { fuzz } from '../../../support/fuzz/fuzz.ts';

/** A member that notes what it gets, and takes as many frames as it has room for. */
class FakeMember implements TopicMember {
  readonly got: string[] = [];
  room = Number.POSITIVE_INFINITY;
  ended = 0;
  /** Called with each frame before it is taken. */
  taking: (frame: string) => void = () => undefined;

  take(frame: string): boolean {
    this.taking(frame);
    if (this.got.length >= this.room) return false;
    this.got.push(frame);
    return true;
  }

  overflowed(): void {
    this.ended += 1;
  }
}

/** Topics whose WebSockets are one list of what was published. */
function topicsWith() {
  const native: string[] = [];
  const topics = new Topics((topic, frame, binary) => void native.push(`${topic} ${frame} ${binary}`));
  const publish = (topic: string, ...frames: string[]) => {
    for (const frame of frames) topics.publish(topic, frame, false);
  };
  return { topics, native, publish };
}

test('a member gets what is published between joining and leaving, as the WebSockets of the topic do', () => {
  const { topics, native, publish } = topicsWith();
  const member = new FakeMember();
  publish('a', '1');
  topics.join('a', member);
  topics.join('a', member);
  publish('a', '2', '3');
  publish('b', '4');
  topics.leave('a', member);
  publish('a', '5');
  assert.deepEqual(member.got, ['2', '3']);
  assert.deepEqual(native, ['a 1 false', 'a 2 false', 'a 3 false', 'b 4 false', 'a 5 false']);
  assert.equal(topics.size, 0);
});

test('frames of several topics come in one order', () => {
  const { topics, publish } = topicsWith();
  const member = new FakeMember();
  for (const topic of ['a', 'b']) topics.join(topic, member);
  publish('a', '1');
  publish('b', '2');
  publish('a', '3');
  topics.leaveAll(member);
  publish('a', '4');
  assert.deepEqual([member.got, topics.size], [['1', '2', '3'], 0]);
});

test('a member that leaves while a frame is published does not get it, and one that joins gets the next first', () => {
  const { topics, publish } = topicsWith();
  const [first, second, third] = [new FakeMember(), new FakeMember(), new FakeMember()];
  for (const member of [first, second]) topics.join('a', member);
  first.taking = frame => {
    if (frame !== '2') return;
    topics.join('a', third);
    topics.leave('a', second);
    topics.join('a', second);
  };
  publish('a', '1', '2', '3');
  assert.deepEqual([first.got, second.got, third.got], [['1', '2', '3'], ['1', '3'], ['3']]);
});

test('a member that refuses a frame gets no other one, and is ended before the next is published', () => {
  const { topics, publish } = topicsWith();
  const [slow, quick] = [new FakeMember(), new FakeMember()];
  slow.room = 1;
  for (const member of [slow, quick]) for (const topic of ['a', 'b']) topics.join(topic, member);
  const endedBefore: number[] = [];
  quick.taking = () => void endedBefore.push(slow.ended);
  publish('a', '1', '2');
  slow.room = 10;
  publish('b', '3');
  assert.deepEqual([slow.got, quick.got, endedBefore], [['1'], ['1', '2', '3'], [0, 0, 1]]);
  assert.equal(slow.ended, 1);
});

test('a member that refuses the last frame for long is ended all the same', async () => {
  const { topics, publish } = topicsWith();
  const slow = new FakeMember();
  slow.room = 0;
  topics.join('a', slow);
  publish('a', '1');
  assert.equal(slow.ended, 0); // a socket must not end while a frame is published
  await new Promise(setImmediate);
  assert.equal(slow.ended, 1);
});

test('a frame that the end of a slow member publishes comes before the one that is about to be published', () => {
  const { topics, native, publish } = topicsWith();
  const [slow, other] = [new FakeMember(), new FakeMember()];
  slow.room = 0;
  slow.overflowed = () => publish('a', 'it left');
  for (const member of [slow, other]) topics.join('a', member);
  publish('a', '1', '2');
  assert.deepEqual(other.got, ['1', 'it left', '2']);
  assert.deepEqual(native, ['a 1 false', 'a it left false', 'a 2 false']);
});

fuzz('members of any kind get what the WebSockets of their topics get', [11], 200, random => {
  const names = ['a', 'b', 'c'];
  const joined = new Map<FakeMember, Set<string>>();
  const expected = new Map<FakeMember, string[]>();
  const { topics, publish } = topicsWith();
  const members = Array.from({ length: 4 }, () => new FakeMember());
  for (const member of members) {
    joined.set(member, new Set());
    expected.set(member, []);
  }
  for (let frame = 0; frame < 50; frame++) {
    const member = members[integer(random, members.length)] as FakeMember;
    const topic = names[integer(random, names.length)] as string;
    const change = integer(random, 3);
    if (change === 0) {
      topics.join(topic, member);
      joined.get(member)?.add(topic);
    } else if (change === 1) {
      topics.leave(topic, member);
      joined.get(member)?.delete(topic);
    }
    publish(topic, String(frame));
    for (const each of members) if (joined.get(each)?.has(topic)) expected.get(each)?.push(String(frame));
  }
  for (const member of members) assert.deepEqual(member.got, expected.get(member));
});
