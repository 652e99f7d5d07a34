import { readFile } from 'node:fs/promises';
import type { Logger } from 'pino';

/**
 * Open files kept for other things than clients' connections: NATS, MongoDB (20 connections and its monitors), probes and scrapes
 * on the admin port, files of the process itself, and sockets that are not accepted yet.
 */
export const RESERVED_FILES = 256;

const LINE = /^Max open files +(\d+|unlimited) /m;

/** Limit on open files in the text of `/proc/self/limits`; Infinity if it names none. */
export function openFilesIn(text: string): number {
  const [, soft = 'unlimited'] = LINE.exec(text) ?? [];
  return soft === 'unlimited' ? Number.POSITIVE_INFINITY : Number(soft);
}

/**
 * Number of files this process may open; Node has raised the soft limit to the hard one.
 * Infinity on other systems than Linux.
 */
export async function openFilesLimit(): Promise<number> {
  return openFilesIn(await readFile('/proc/self/limits', 'utf8').catch(() => ''));
}

/**
 * Number of connections to accept if the process may open `files` files. Beyond its limit the kernel refuses every accept: the
 * process would retry without end and answer no request, not even its own probes.
 */
export function connectionsWithin(files: number, maxConnections: number): number {
  return Math.max(1, Math.min(maxConnections, files - RESERVED_FILES));
}

/** Logs an error if the limit on open files allows fewer connections than `maxConnections`. */
export function checkOpenFiles(files: number, maxConnections: number, logger: Logger): void {
  const accepted = connectionsWithin(files, maxConnections);
  if (accepted >= maxConnections) return;
  const needed = maxConnections + RESERVED_FILES;
  logger.error(
    { maxConnections, openFiles: files, accepted },
    `CHAT_MAX_CONNECTIONS is ${maxConnections}, but this process may open ${files} files and needs ${RESERVED_FILES} for other things: only ${accepted} connections are accepted. Raise the limit to ${needed} (ulimit -n, LimitNOFILE of the container runtime), or lower maxConnections to ${accepted}`,
  );
}
