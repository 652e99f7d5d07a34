/** Resources a gateway may run out of. Of equally short ones the first is named. */
export const RESOURCES = ['cpu', 'deliveries', 'eventLoopLag'] as const;
export type Resource = (typeof RESOURCES)[number];

/** Cost of one connection: the share it takes of one gateway at its target, by resource. */
export type Share = Readonly<Record<Resource, number>>;
