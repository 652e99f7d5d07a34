import { pino } from 'pino';

/** Logger that writes JSON lines to standard output. Callers must not pass tokens, message bodies or connection strings. */
export function createLogger(level: string, process: string) {
  return pino({ level, base: { process }, timestamp: pino.stdTimeFunctions.isoTime });
}
