/** What a gateway may be short of, in the order in which equal ones are named. */
export const RESOURCES = ['cpu', 'deliveries', 'eventLoopLag'] as const;
export type Resource = (typeof RESOURCES)[number];

/** Parts of a gateway, as its target has it, that one connection takes up, by resource. */
export type Share = Readonly<Record<Resource, number>>;
