import { get } from 'node:http';
import type { TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';

/** Load on the way from a client to the gateways. */
export interface Pulse {
  /** Longest between two answers: what comes evenly may have piled up for so long, in whichever process on the way. */
  longestMs(): number;
}

const EVERY_MS = 50;

/** Asks for `url` again and again over new connections, as a client that reconnects does, until the test ends. */
export function startPulse(t: TestContext, url: string): Pulse {
  let over = false;
  let longest = 0;
  t.after(() => {
    over = true;
  });
  const beat = async () => {
    let last = performance.now();
    while (!over) {
      await new Promise<void>(resolve => {
        const request = get(url, { agent: false }, response => response.resume().once('close', resolve));
        request.once('error', () => resolve());
      });
      const now = performance.now();
      longest = Math.max(longest, now - last);
      last = now;
      await delay(EVERY_MS);
    }
  };
  void beat();
  return { longestMs: () => longest };
}
