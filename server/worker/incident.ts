import type { Step } from '../bus/stream-plan.ts';

/** The words for a change that people should hear of, because messages were, or may have been, lost; null for others. Pure. */
export function incidentOf(stream: string, step: Step): string | null {
  if (step.do === 'lift') return `stream ${stream} ran back and goes on above offset ${step.above} under a new epoch`;
  if (step.do === 'create-log' && step.above > 0)
    return `stream ${stream} vanished and goes on above offset ${step.above} under a new epoch`;
  if (step.do !== 'refill') return null;
  const refilled = `MongoDB lost messages that it had; those of ${stream} from offset ${step.from} on are stored again`;
  const { lost } = step;
  if (!lost) return refilled;
  return `${refilled}; ${lost.from} to ${lost.to} are lost, because the stream did not have them any more`;
}
