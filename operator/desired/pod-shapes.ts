import { GATEWAY } from './gateway.ts';
import type { Component } from './names.ts';
import type { PodShape } from './pod-template.ts';
import { WORKER } from './worker.ts';

/** The pods of each component. */
export const POD_SHAPES: Readonly<Record<Component, PodShape>> = { gateway: GATEWAY, worker: WORKER };
