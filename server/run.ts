import { ConfigError } from './settings/config.ts';

/**
 * Runs the process of an entry point: SIGTERM and SIGINT end it in order, a second one at once with code 1, as does a
 * failure, which is printed.
 * @param start resolves with what ends the process in order
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
