import type { ChatCluster } from '../api/chat-cluster.ts';
import type { Condition } from '../api/kube-object.ts';
import type { Backends } from '../ask/backends.ts';
import { notAsked, type Verdict } from './conditions.ts';

/** Copies with which messages survive the loss of one server with its disk. */
const ENOUGH = 3;

/**
 * The condition `Durable`: True if NATS keeps three copies of what MongoDB does not have yet. `Ready` does not depend on it,
 * because a set-up for development has a single copy.
 * @param previous the condition as it stands
 */
export function durable(
  { spec }: Pick<ChatCluster, 'spec'>,
  backends: Backends | undefined,
  previous: Condition | undefined,
): Verdict {
  const type = 'Durable';
  if (!backends) return notAsked(type, previous);
  const { copies } = backends;
  if (!copies) {
    const message = backends.silence || 'no worker reports how many copies of messages NATS keeps';
    return { type, status: 'Unknown', reason: 'NoWorkerAnswers', message };
  }
  const { fewest, whyNotMore } = copies;
  if (fewest >= ENOUGH)
    return { type, status: 'True', reason: 'Replicated', message: `NATS keeps ${fewest} copies of every message` };
  const reason = fewest > 1 ? 'TwoCopies' : 'SingleCopy';
  // Workers that have just started do not know the cause yet: the cause that others reported stays.
  if (whyNotMore === undefined && previous?.reason === reason)
    return { type, status: 'False', reason, message: previous.message };
  const more = whatToDo(spec.messages.streamReplicas, whyNotMore);
  return { type, status: 'False', reason, message: `${fewest > 1 ? TWO : SINGLE}; ${more}` };
}

const SINGLE =
  'NATS keeps a single copy of messages: what MongoDB does not have yet is lost with the disk of one NATS server';
const TWO =
  'NATS keeps two copies of messages: while one of the two servers is down no message can be sent, because a majority needs both';

function whatToDo(set: number | undefined, whyNotMore: string | undefined): string {
  if (set !== undefined && set < ENOUGH)
    return `messages.streamReplicas is ${set}: with three NATS servers leave it out, or set 3`;
  if (set !== undefined) return `messages.streamReplicas is ${set}, and the workers have not reached it yet`;
  const asked = 'the workers ask for three copies again every minute';
  const why = whyNotMore === undefined ? '' : `${whyNotMore}; `;
  return `${why}run NATS with three servers with JetStream, ${asked}`;
}
