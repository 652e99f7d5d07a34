import type { StreamStep } from '../bus/stream-plan.ts';

/** Text of a stream change by which messages were lost, or may have been; null for any other change. Pure. */
export function incidentOf(stream: string, step: StreamStep): string | null {
  if (step.do === 'lift')
    return `stream ${stream} lost its last messages and continues above offset ${step.above} under a new epoch`;
  if (step.do === 'create-log' && step.above > 0)
    return `stream ${stream} vanished and continues above offset ${step.above} under a new epoch`;
  if (step.do !== 'refill') return null;
  const refilled = `MongoDB lost messages; those of ${stream} from offset ${step.from} on are stored again`;
  const { lost } = step;
  if (!lost) return refilled;
  return `${refilled}; ${lost.from} to ${lost.to} are lost, because the stream no longer had them`;
}
