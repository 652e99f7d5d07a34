import type { Logger } from 'pino';
import type { OptionName } from '../contract/options.ts';
import type { LiveSource } from './source.ts';

/** How often the live directory is looked at. */
const POLL_MS = 500;

/**
 * Follows the live directory until the function returned is called. A directory that cannot be read changes nothing: the
 * last content that could be stays in force.
 * @param changed called with whatever is new, the traffic that is wanted too
 */
export function follow(
  live: LiveSource,
  logger: Logger,
  changed: (live: LiveSource, options: readonly OptionName[]) => void,
): () => void {
  let busy = false;
  let unreadable = '';
  const look = async () => {
    if (busy) return;
    busy = true;
    try {
      const change = await live.poll();
      unreadable = '';
      if (!change) return;
      for (const problem of change.problems) logger.error({ problem }, 'a live option is kept as it was');
      if (change.options.length > 0) logger.info({ options: change.options }, 'live options changed');
      changed(live, change.options);
    } catch (error) {
      const { message } = error as Error;
      if (message !== unreadable) logger.error({ reason: message }, 'the live directory cannot be read');
      unreadable = message;
    } finally {
      busy = false;
    }
  };
  const timer = setInterval(look, POLL_MS);
  return () => clearInterval(timer);
}
