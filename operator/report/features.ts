import { FEATURES, type Feature } from '../../server/contract/features.ts';
import type { GatewayLoad } from '../../server/contract/load.ts';
import type { Condition } from '../api/kube-object.ts';
import { notAsked, type Verdict } from './conditions.ts';

const WORDS: Readonly<Record<Feature, string>> = {
  typing: 'typing',
  presence: 'states of users',
  receipts: 'receipts',
  bumps: 'hints of new messages',
  joins: 'joins and leaves',
};

/**
 * The condition `FeaturesOffered`: False while a gateway leaves out what is not a message, because it is overloaded. `Ready` does not
 * depend on it.
 * @param loads last answers of the gateways, undefined for one without; undefined before the first answers
 * @param previous the condition as it stands
 */
export function featuresOffered(
  loads: readonly (Pick<GatewayLoad, 'featuresLeftOut'> | undefined)[] | undefined,
  previous: Condition | undefined,
): Verdict {
  const type = 'FeaturesOffered';
  if (!loads) return notAsked(type, previous, 'gateways');
  const known = loads.filter(load => load !== undefined);
  const most = Math.max(0, ...known.map(load => load.featuresLeftOut ?? 0));
  if (most > 0) {
    const message = `the busiest gateway is overloaded and leaves out ${FEATURES.slice(0, most)
      .map(feature => WORDS[feature])
      .join(', ')}; messages are delivered`;
    return { type, status: 'False', reason: 'Overloaded', message };
  }
  if (known.length === 0)
    return { type, status: 'Unknown', reason: 'NoGatewayAnswers', message: 'no gateway reports its load' };
  return { type, status: 'True', reason: 'AllOffered', message: 'no gateway leaves out anything' };
}
