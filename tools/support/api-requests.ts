import { connectNats } from '../../server/bus/connect.ts';
import type { Teardown } from './backends.ts';

/** Questions to JetStream. */
export interface ApiRequests {
  /** Requests that only a leader answers, so far. */
  leader(): number;
  /** Batched reads that any replica answers, so far. */
  direct(): number;
  /** Resolves when everything sent before the call is counted. */
  settled(): Promise<void>;
}

/** Listens to the requests of all clients about the streams of one ChatCluster. */
export async function apiRequests(t: Teardown, natsUrl: string, instance: string): Promise<ApiRequests> {
  const nats = await connectNats({ natsUrl, natsUser: '', natsPassword: '' }, 'test');
  t.after(() => nats.close());
  let leader = 0;
  let direct = 0;
  nats.subscribe('$JS.API.>', {
    callback: (_, { subject }) => {
      if (!subject.includes(`CHAT_${instance}_`) || subject.includes('.CONSUMER.')) return;
      if (subject.startsWith('$JS.API.DIRECT.')) direct += 1;
      else leader += 1;
    },
  });
  await nats.flush();
  return { leader: () => leader, direct: () => direct, settled: () => nats.flush() };
}
