import type { Logger } from 'pino';
import { OPTIONS } from '../contract/options.ts';
import { MOST_STATE_BYTES } from '../fold/state-bytes.ts';
import type { Config } from '../settings/config.ts';

/**
 * Makes a check that warns if NATS takes less than `maxMessageBytes` allows, whose messages are then answered with 107, or less than
 * the state of a room may need.
 * @param most largest body that NATS takes now, in bytes
 * @returns the check; call it regularly, as both limits may change. A pair of limits is logged once
 */
export function payloadCheck(
  limits: Pick<Config, 'maxMessageBytes'>,
  most: () => number,
  logger: Pick<Logger, 'warn'>,
): () => void {
  const warned = new Map<string, string>();
  const warn = (facts: Readonly<Record<string, number>>, text: string) => {
    const pair = Object.values(facts).join(' ');
    if (warned.get(text) === pair) return;
    warned.set(text, pair);
    logger.warn(facts, text);
  };
  return () => {
    const { maxMessageBytes } = limits;
    const natsTakesBytes = most();
    if (maxMessageBytes > natsTakesBytes) {
      const advice = `raise max_payload of nats-server or lower ${OPTIONS.maxMessageBytes.env}`;
      warn({ maxMessageBytes, natsTakesBytes }, `messages larger than NATS takes are answered with 107: ${advice}`);
    }
    if (MOST_STATE_BYTES > natsTakesBytes) {
      const advice = 'raise max_payload of nats-server to 1 MB';
      const facts = { mostStateBytes: MOST_STATE_BYTES, natsTakesBytes };
      warn(facts, `rooms have place for fewer members, bans and invitations than the limits allow: ${advice}`);
    }
  };
}
