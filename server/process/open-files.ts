import { readFile } from 'node:fs/promises';
import type { Logger } from 'pino';

/**
 * Open files that are not for connections of clients: NATS, MongoDB (20 connections and its monitors), probes and scrapes on the
 * admin port, what the process itself has open, and sockets that are not accepted yet.
 */
export const RESERVED_FILES = 256;

const LINE = /^Max open files +(\d+|unlimited) /m;

/** The limit in the text of `/proc/self/limits`; infinite where there is none, or it does not say. */
export function openFilesIn(text: string): number {
  const [, soft = 'unlimited'] = LINE.exec(text) ?? [];
  return soft === 'unlimited' ? Number.POSITIVE_INFINITY : Number(soft);
}

/** How many files this process may open. Node has raised the soft limit to the hard one. Infinite where it is not Linux. */
export async function openFilesLimit(): Promise<number> {
  return openFilesIn(await readFile('/proc/self/limits', 'utf8').catch(() => ''));
}

/**
 * Connections a process accepts that may open `files` files. Beyond the limit the kernel refuses each accept: the process
 * would try again without end, and answer nobody, its own probes neither.
 */
export function connectionsWithin(files: number, maxConnections: number): number {
  return Math.max(1, Math.min(maxConnections, files - RESERVED_FILES));
}

/** Logs an error where the limit on open files, and not `maxConnections`, bounds the connections. */
export function checkOpenFiles(files: number, maxConnections: number, logger: Logger): void {
  const accepted = connectionsWithin(files, maxConnections);
  if (accepted >= maxConnections) return;
  const needed = maxConnections + RESERVED_FILES;
  logger.error(
    { maxConnections, openFiles: files, accepted },
    `CHAT_MAX_CONNECTIONS is ${maxConnections}, but this process may open ${files} files and needs ${RESERVED_FILES} for other things: only ${accepted} connections are accepted. Raise the limit to ${needed} (ulimit -n, LimitNOFILE of the container runtime), or lower maxConnections to ${accepted}`,
  );
}
