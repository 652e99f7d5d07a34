import { tokenFor } from '../support/token.ts';
import { BenchClient } from './client.ts';
import { type Row, type Setup, startSpine } from './setup.ts';

const MESSAGES = 500;

/** Time from a publish to its acknowledgement, one after the other, durably stored by JetStream. */
export async function publishLatency(setup: Setup): Promise<Row[]> {
  const spine = await startSpine(setup);
  const client = await BenchClient.open(spine.url, 'chat', await tokenFor('sender', {}, setup.secret));
  const times: number[] = [];
  for (let sent = 0; sent < MESSAGES * 2; sent++) {
    const started = performance.now();
    await client.command({ publish: { channel: 'channel:latency', data: { sent } } });
    if (sent >= MESSAGES) times.push(performance.now() - started); // the first half warms up
  }
  times.sort((a, b) => a - b);
  const at = (share: number) => `${(times[Math.floor(times.length * share)] ?? 0).toFixed(2)} ms`;
  client.close();
  for (const child of [spine.gateway, spine.worker]) child.kill('SIGKILL');
  return [
    { what: 'publish to acknowledgement, median', measured: at(0.5), goal: 'under 3 ms' },
    { what: 'publish to acknowledgement, 99th percentile', measured: at(0.99) },
  ];
}
