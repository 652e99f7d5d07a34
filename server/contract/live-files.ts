/**
 * Files of the directory CHAT_LIVE_DIR, a projected volume: what may change while a gateway runs. Besides these it holds one
 * file for each live option and Secret, named after its variable (`CHAT_LOG_LEVEL`, `CHAT_AUTH_SECRET`), whose content wins
 * over the variable. Files of other names are ignored: a newer operator may write more options than an older gateway has.
 */
export const LIVE_FILES = {
  /** The pod's annotations as the downward API writes them: lines of `key="escaped value"`. */
  annotations: 'annotations',
  /** Hash of the live options, written by the operator with them. */
  version: 'version',
} as const;

export const LIVE_DIR = '/etc/chatcluster';
