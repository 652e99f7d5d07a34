import { callErrorOf } from '../../../client/call-error.ts';
import type { StringKey } from '../i18n/en.ts';
import type { Texts } from '../i18n/language.ts';

/** Reasons by code, in the words of somebody who acts on a room. */
const REASONS: Readonly<Record<number, StringKey>> = {
  102: 'act.unknown',
  103: 'act.denied',
  104: 'error.104',
  106: 'act.limit',
  107: 'act.bad',
  108: 'error.108',
  404: 'act.missing',
  409: 'act.conflict',
  410: 'act.gone',
};

/** Sentence about an act on a room that failed. */
export function actProblem(texts: Texts, thrown: unknown): string {
  const { code, message, temporary } = callErrorOf(thrown);
  const key = temporary ? 'act.later' : REASONS[code];
  return key ? texts.text(key, { reason: message }) : texts.text('act.failed', { reason: texts.reason(code, message) });
}
