import type { FoldedMessage } from '../../../server/fold/room-fold.ts';

/** Answer of `message.list` or `message.get`. */
export interface Items {
  readonly items: readonly Item[];
  readonly upto: number;
  readonly epoch: string;
}

export interface Item extends Omit<FoldedMessage, 'text' | 'deleted' | 'reactions' | 'replyTo'> {
  readonly type: string;
  readonly text?: string;
  readonly deleted?: number;
  readonly reactions?: readonly {
    readonly emoji: string;
    readonly n: number;
    readonly users: FoldedMessage['reactions'][number]['users'];
  }[];
  readonly replyTo?: NonNullable<FoldedMessage['replyTo']>;
}

/** An item as a client folds on. */
export function foldedOf({ type: _, text = '', deleted = 0, reactions = [], replyTo, ...rest }: Item): FoldedMessage {
  return {
    ...rest,
    text,
    deleted,
    replyTo: replyTo ?? null,
    reactions: reactions.map(({ emoji, n, users }) => ({
      emoji,
      users,
      ...(n > users.length ? { more: n - users.length } : {}),
    })),
  };
}
