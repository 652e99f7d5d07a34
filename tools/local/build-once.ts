import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Downloaded and built tools, kept between runs. */
export const CACHE = join(dirname(fileURLToPath(import.meta.url)), '../../.cache');

const POLL_MS = 200;

/** A part of the demo that is built once and kept. */
export interface Part {
  readonly what: string;
  /** Minutes it takes on two cores with nothing in any cache. */
  readonly minutes: number;
  /** True if it is there already. */
  readonly kept: boolean;
}

/**
 * Makes something once, however many test processes ask for it at the same time: one makes it, and the others wait.
 * @param present true if it is there; asked again under the lock
 */
export async function buildOnce(name: string, present: () => boolean, make: () => Promise<void>): Promise<void> {
  if (present()) return;
  const lock = join(CACHE, `${name}.lock`);
  mkdirSync(CACHE, { recursive: true });
  while (!take(lock)) await new Promise(resolve => setTimeout(resolve, POLL_MS));
  try {
    if (!present()) await make();
  } finally {
    rmSync(lock, { force: true });
  }
}

/** Creates the lock by a link to a file with its owner's id, so that no process ever reads an empty one. */
function take(lock: string): boolean {
  const mine = `${lock}.${process.pid}`;
  writeFileSync(mine, String(process.pid));
  try {
    linkSync(mine, lock);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    if (!ownerLives(lock)) rmSync(lock, { force: true });
    return false;
  } finally {
    rmSync(mine, { force: true });
  }
}

function ownerLives(lock: string): boolean {
  try {
    process.kill(Number(readFileSync(lock, 'utf8')), 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
