import type { PolicyPart } from '../../../server/worker/state/state-fold.ts';

/** Part of the fold `state` that keeps POLICY, for folds without rooms that have members. */
export const NO_POLICY: PolicyPart = {
  apply: async () => new Set(),
  tell: async () => undefined,
  counting: async (_, entries) => entries,
  look: async () => undefined,
  position: async () => null,
  begin: async () => undefined,
  save: async (_, position) => position,
};
