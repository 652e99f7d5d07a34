/**
 * Features that an overloaded gateway leaves out, in the order in which it does so. What it leaves out is worth nothing a moment later or
 * is made up for afterwards. Messages are never left out.
 */
export const FEATURES = ['typing', 'presence', 'receipts', 'bumps', 'joins'] as const;

/** Feature that an overloaded gateway leaves out. `presence`: states of users who are watched; `joins`: joins and leaves of rooms. */
export type Feature = (typeof FEATURES)[number];
