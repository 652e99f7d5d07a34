import { messageDelete } from './message-delete.ts';
import { messageEdit } from './message-edit.ts';
import { messageReact } from './message-react.ts';
import { messageSend } from './message-send.ts';
import type { Verb } from './verb.ts';

/** All verbs by their names, as callers and documents know them. */
export const VERBS = {
  'message.send': messageSend,
  'message.edit': messageEdit,
  'message.delete': messageDelete,
  'message.react': messageReact,
} as const satisfies Readonly<Record<string, Verb>>;

/** Verb of a name; undefined for none. */
export const verbOf = (name: string): Verb | undefined =>
  Object.hasOwn(VERBS, name) ? (VERBS as Readonly<Record<string, Verb>>)[name] : undefined;
