import type { Logger } from 'pino';
import type { Access } from '../access/access.ts';
import type { OptionName } from '../contract/options.ts';
import { kindsOf } from '../contract/room-kind-options.ts';
import { checkOpenFiles } from '../process/open-files.ts';
import { leaveAllForbidden } from '../session/forbidden.ts';
import { mostFrameBytes, mostReadBytes } from '../session/frame-limits.ts';
import type { Session } from '../session/session.ts';
import type { Config } from '../settings/config.ts';
import { follow } from '../settings/reload.ts';
import type { SettingsSource } from '../settings/source.ts';
import type { Moment } from '../time/clock.ts';
import type { Traffic } from '../traffic/traffic.ts';
import type { Part } from './part.ts';
import { checkSecrets } from './secret-check.ts';

export interface SettingsOptions {
  readonly config: Config;
  /** Source of changed options; undefined if none can change. */
  readonly source: SettingsSource | undefined;
  readonly access: Pick<Access, 'policy' | 'secrets'>;
  readonly sessions: Iterable<Session>;
  readonly traffic: Traffic;
  /** Called with the options that have changed, for what the gateway does not own. */
  readonly changed: ((options: readonly OptionName[]) => void) | undefined;
  readonly now: () => Moment;
  /** Files that the process may open. */
  readonly openFiles: number;
  readonly logger: Logger;
}

/** Follows changed options, and the intent of the operator, while the gateway runs. */
export function settingsPart(options: SettingsOptions): Part {
  const { config, source, traffic, changed, openFiles, logger } = options;
  traffic.setIntent(source?.intent ?? null);
  const apply = applyOptions(options);
  checkOpenFiles(openFiles, config.maxConnections, logger);
  checkSecrets(config, logger);
  if (!source) return {};
  const stop = follow(source, logger, ({ intent }, names) => {
    traffic.setIntent(intent);
    apply(names);
    changed?.(names);
  });
  return { stop };
}

/** Effects of changed options, beyond reading them at the next use. */
function applyOptions(options: SettingsOptions): (changed: readonly OptionName[]) => void {
  const { config, logger, access, sessions, now, openFiles } = options;
  const readBytes = mostReadBytes(config); // as long as the listener lives
  const kindsChanged = () => {
    access.policy.replace(kindsOf(config));
    void leaveAllForbidden(sessions);
  };
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
      access.secrets.replace(config.authSecret, now());
      checkSecrets(config, logger);
    },
    roomKinds: kindsChanged,
    roomRules: kindsChanged,
  };
  return changed => {
    for (const effect of new Set(changed.map(name => effects[name]))) effect?.(); // once, if two options share one
  };
}
