import { once } from 'node:events';
import { Worker } from 'node:worker_threads';

/**
 * Runs the body of an async function on a thread of its own and ends the thread after a deadline: for work that would
 * take hours, not seconds, if its cost rose with the square of what it is given.
 * @returns what the body returns
 * @throws when it is not done within a minute
 */
export async function ends(body: string): Promise<unknown> {
  const code = `import { parentPort } from 'node:worker_threads';
    parentPort.postMessage(await (async () => { ${body} })());`;
  const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(code)}`));
  const limit = AbortSignal.timeout(60_000);
  try {
    const [answer] = (await once(worker, 'message', { signal: limit })) as [unknown];
    return answer;
  } catch (error) {
    if (limit.aborted) throw new Error('not done within a minute');
    throw error;
  } finally {
    await worker.terminate();
  }
}
