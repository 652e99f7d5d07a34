import type { Logger } from 'pino';
import type { MarksLog, MarksState } from '../../bus/marks-log.ts';
import type { MarkWriter } from '../../membership/mark-archive.ts';
import type { ViewPosition } from '../../room/views.ts';
import { type Clock, sleep } from '../../time/clock.ts';
import { MARKS } from './marks-fold.ts';
import type { FoldProgress } from './progress.ts';

export interface MarksBudgetParts {
  readonly marks: Pick<MarksLog, 'state' | 'purge'>;
  readonly readPosition: MarkWriter['readPosition'];
  /** Takes the position of the fold, to report its lag. */
  readonly progress: Pick<FoldProgress, 'floors'>;
  /** Read at each use, as they may change. */
  readonly config: { readonly marksKept: number };
  /** Called after each look: a sentence if the stream is over its limit and nothing may be removed, else null. */
  grows(problem: string | null): void;
  /** Called with the number of marks that were removed. */
  purged(count: number): void;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Time between two looks. */
const LOOK_MS = 5_000;
/** Share by which the stream may exceed its limit before marks are removed, so that this happens rarely. */
const SLACK = 0.1;

/** Decides whether all but the newest marks are removed. Pure. @param at sequence up to which MongoDB has everything; null if not known */
export function mayPurge(
  { kept, last }: MarksState,
  at: number | null,
  most: number,
): 'no need' | 'not stored' | 'yes' {
  if (kept <= most * (1 + SLACK)) return 'no need';
  // Gateways go on writing until the purge: half of the marks that stay are theirs.
  return at !== null && last - at <= most / 2 ? 'yes' : 'not stored';
}

/** Reports the lag of the fold `marks`, and keeps the stream MARKS within its limit, until `signal` aborts. Never rejects. */
export async function keepMarks(parts: MarksBudgetParts, signal: AbortSignal): Promise<void> {
  const { clock, log } = parts;
  while (!signal.aborted) {
    await sleep(clock, LOOK_MS, signal);
    if (signal.aborted) return;
    await look(parts).catch((error: unknown) =>
      log.debug(
        { fold: MARKS, reason: (error as Error).message },
        'marks could not be measured or purged; tried again',
      ),
    );
  }
}

async function look({ marks, readPosition, progress, config, grows, purged, log }: MarksBudgetParts): Promise<void> {
  const state = await marks.state();
  await progress.floors(0, state);
  const position = await readPosition().catch(() => null);
  const verdict = mayPurge(state, positionIn(state, position), config.marksKept);
  grows(
    verdict === 'not stored' ? 'the stream MARKS has more marks than CHAT_MARKS_KEPT that MongoDB does not have' : null,
  );
  if (verdict !== 'yes') return;
  const count = await marks.purge(config.marksKept);
  purged(count);
  log.info(
    { fold: MARKS, purged: count, marksKept: config.marksKept },
    'the stream MARKS had more marks than CHAT_MARKS_KEPT: those not written for longest were removed; MongoDB has them',
  );
}

const positionIn = ({ epoch }: MarksState, position: ViewPosition | null): number | null =>
  position?.epoch === epoch ? position.at : null;
