import { ERRORS } from '../protocol/codes.ts';
import { CommandError } from '../protocol/command-error.ts';
import type { Chat } from './chat.ts';

/** Detail of the temporary refusal of acts that older gateways would not heed. */
const NOT_KEPT = 'gateways of the release before are still there, or this one is cut off: try again';

/**
 * Refuses, for now, an act that every gateway has to heed: one after which users may not read or write what they could, or after which
 * a text may be served nowhere. Gateways of the release before would go on as if nothing had happened.
 * @throws {CommandError} 100
 */
export async function demandKept({ areCutsKept }: Pick<Chat, 'areCutsKept'>): Promise<void> {
  if (!(await areCutsKept())) throw new CommandError(ERRORS.internal, NOT_KEPT);
}

/**
 * Refuses, for now, an act that needs blocks: gateways of the release before would let the two users write to each other,
 * and show them entries that only gateways are to know.
 * @throws {CommandError} 100
 */
export async function demandBlocksKept({ areBlocksKept }: Pick<Chat, 'areBlocksKept'>): Promise<void> {
  if (!(await areBlocksKept())) throw new CommandError(ERRORS.internal, NOT_KEPT);
}
