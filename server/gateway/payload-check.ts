import type { Logger } from 'pino';
import { OPTIONS } from '../contract/options.ts';
import type { Config } from '../settings/config.ts';

/**
 * Makes a check that warns if `maxMessageBytes` allows larger messages than NATS takes: these are answered with 107.
 * @param most largest body that NATS takes now, in bytes
 * @returns the check; call it regularly, as both limits may change. A pair of limits is logged once
 */
export function payloadCheck(
  limits: Pick<Config, 'maxMessageBytes'>,
  most: () => number,
  logger: Pick<Logger, 'warn'>,
): () => void {
  let warned = '';
  return () => {
    const { maxMessageBytes } = limits;
    const natsTakesBytes = most();
    const pair = `${maxMessageBytes} ${natsTakesBytes}`;
    if (maxMessageBytes <= natsTakesBytes || pair === warned) return;
    warned = pair;
    const advice = `raise max_payload of nats-server or lower ${OPTIONS.maxMessageBytes.env}`;
    logger.warn(
      { maxMessageBytes, natsTakesBytes },
      `messages larger than NATS takes are answered with 107: ${advice}`,
    );
  };
}
