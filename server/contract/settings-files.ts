/**
 * Files of the settings directory `CHAT_LIVE_DIR`, a projected volume that the process polls while it runs. Besides these it
 * holds one file for each reloadable option and Secret, named after its variable (`CHAT_LOG_LEVEL`, `CHAT_AUTH_SECRET`), whose
 * content wins over the variable. Files of other names are ignored: a newer operator may write options that an older gateway
 * does not have.
 */
export const SETTINGS_FILES = {
  /** The pod's annotations as the downward API writes them: lines of `key="escaped value"`. */
  annotations: 'annotations',
  /** Hash of the reloadable options; the operator writes it together with them. */
  version: 'version',
} as const;

/** Path of the settings directory in a pod. */
export const SETTINGS_DIR = '/etc/chatcluster';
