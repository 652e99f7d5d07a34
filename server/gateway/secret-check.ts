import type { Logger } from 'pino';
import { OPTIONS } from '../contract/options.ts';
import type { Config } from '../settings/config.ts';

/**
 * Warns of a signing secret that ends with a line break. Unlike in other options it is not removed: an application that reads the
 * same Secret signs with the line break, and its tokens would be refused.
 */
export function checkSecrets(
  config: Pick<Config, 'authSecret' | 'authPreviousSecret'>,
  logger: Pick<Logger, 'warn'>,
): void {
  for (const name of ['authSecret', 'authPreviousSecret'] as const)
    if (/[\r\n]$/.test(config[name]))
      logger.warn(
        { option: OPTIONS[name].env },
        'the signing secret ends with a line break, which is part of it: tokens must be signed with it too',
      );
}
