import { pino } from 'pino';

/** JSON lines on standard output. Nothing that could hold a token, a body or a connection string is ever passed to it. */
export function createLogger(level: string, process: string) {
  return pino({ level, base: { process }, timestamp: pino.stdTimeFunctions.isoTime });
}
