/** Sends messages one after the other, `perSecond` of them while each takes less than its share of a second. */
export async function paced(messages: number, perSecond: number, send: () => Promise<unknown>): Promise<void> {
  const started = performance.now();
  for (let sent = 0; sent < messages; sent++) {
    await new Promise(resolve => setTimeout(resolve, started + (sent * 1000) / perSecond - performance.now()));
    await send();
  }
}

/** The middle one of the values; 0 for none. */
export function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1] ?? 0;
}
