import type { Logger } from 'pino';
import { type Policy, parseKinds } from '../access/policy.ts';
import type { SigningSecrets } from '../access/secrets.ts';
import type { OptionName } from '../contract/options.ts';
import { checkOpenFiles } from '../process/open-files.ts';
import { leaveAllForbidden } from '../session/forbidden.ts';
import { mostFrameBytes, mostReadBytes } from '../session/frame-limits.ts';
import type { Session } from '../session/session.ts';
import type { Config } from '../settings/config.ts';
import type { Moment } from '../time/clock.ts';
import { checkSecrets } from './secret-check.ts';

export interface Configured {
  readonly logger: Logger;
  readonly policy: Policy;
  readonly secrets: SigningSecrets;
  readonly sessions: Iterable<Session>;
  readonly now: () => Moment;
  /** How many files the process may open. */
  readonly openFiles: number;
}

/** What has to be done when live options change, beyond reading them at the next use. */
export function applyOptions(config: Config, parts: Configured): (changed: readonly OptionName[]) => void {
  const { logger, policy, secrets, sessions, now, openFiles } = parts;
  const readBytes = mostReadBytes(config); // as long as the listener lives
  const effects: Partial<Record<OptionName, () => void>> = {
    logLevel: () => {
      logger.level = config.logLevel;
    },
    maxConnections: () => checkOpenFiles(openFiles, config.maxConnections, logger),
    maxSubscriptions: () => {
      if (mostFrameBytes(config) <= readBytes) return;
      const facts = { maxSubscriptions: config.maxSubscriptions, readBytes, mostFrameBytes: mostFrameBytes(config) };
      logger.warn(
        facts,
        'clients with as many long room names reconnect with larger frames than this gateway reads: restart it',
      );
    },
    authSecret: () => {
      secrets.replace(config.authSecret, now());
      checkSecrets(config, logger);
    },
    roomKinds: () => {
      policy.replace(parseKinds(config.roomKinds));
      void leaveAllForbidden(sessions);
    },
  };
  return changed => {
    for (const name of changed) effects[name]?.();
  };
}
