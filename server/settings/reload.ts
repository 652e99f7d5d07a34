import type { Logger } from 'pino';
import type { OptionName } from '../contract/options.ts';
import type { SettingsSource } from './source.ts';

/** Time between two reads of the settings directory. */
const POLL_MS = 500;

/**
 * Polls the settings directory until the returned function is called. A directory that cannot be read changes nothing: the
 * last content that could be read stays in force.
 * @param changed called after each change of the files, also when only the traffic intent differs; `options` are the names of
 *   those with a new value in `settings.config`
 */
export function follow(
  settings: SettingsSource,
  logger: Logger,
  changed: (settings: SettingsSource, options: readonly OptionName[]) => void,
): () => void {
  let busy = false;
  let unreadable = '';
  const poll = async () => {
    if (busy) return;
    busy = true;
    try {
      const change = await settings.poll();
      unreadable = '';
      if (!change) return;
      for (const problem of change.problems)
        logger.error({ problem }, 'the new value of an option is refused; the previous value stays in force');
      if (change.options.length > 0) logger.info({ options: change.options }, 'options changed');
      changed(settings, change.options);
    } catch (error) {
      const { message } = error as Error;
      if (message !== unreadable)
        logger.error({ reason: message }, 'the settings directory cannot be read; all options keep their values');
      unreadable = message;
    } finally {
      busy = false;
    }
  };
  const timer = setInterval(poll, POLL_MS);
  return () => clearInterval(timer);
}
