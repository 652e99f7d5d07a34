import { answerTo } from '../chat/answer-to.ts';
import { CallAbandoned } from '../chat/verb.ts';
import type { SessionContext } from '../session/context.ts';
import type { CallOutcome } from '../telemetry/gateway-metrics.ts';

type Telemetry = Pick<SessionContext, 'metrics' | 'trace' | 'now'>;

/** Measures, counts and traces a call of a verb. Begins it before it returns. */
export function observedCall<T>(
  { metrics, trace, now }: Telemetry,
  { verb, room }: { readonly verb: string; readonly room: string | null },
  run: () => Promise<T>,
): Promise<T> {
  const startedAt = now();
  const ended = (outcome: CallOutcome) => metrics.called(verb, outcome, now() - startedAt);
  const call = trace.call(verb, room, run, error => answerTo(error).error.code);
  call.then(
    () => ended('done'),
    (error: unknown) => ended(outcomeOf(error)),
  );
  return call;
}

/** Outcome of a call that failed. */
export function outcomeOf(error: unknown): CallOutcome {
  if (error instanceof CallAbandoned) return 'abandoned';
  return answerTo(error).error.temporary ? 'failed' : 'refused';
}
