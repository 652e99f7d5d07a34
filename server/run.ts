import { ConfigError } from './settings/config.ts';

/**
 * Runs the process of an entry point. The first SIGTERM or SIGINT shuts it down; a second one ends it at once with code 1. A
 * failure of the start or of the shutdown is printed and ends it with code 1.
 * @param start starts the process and resolves with its shutdown
 */
export async function run(start: () => Promise<() => Promise<unknown>>): Promise<void> {
  const fail = (error: unknown): never => {
    console.error(error instanceof ConfigError ? error.message : error);
    process.exit(1);
  };
  try {
    const end = await start();
    let ending = false;
    const signal = () => {
      if (ending) process.exit(1);
      ending = true;
      end().then(() => process.exit(0), fail);
    };
    process.on('SIGTERM', signal);
    process.on('SIGINT', signal);
  } catch (error) {
    fail(error);
  }
}
