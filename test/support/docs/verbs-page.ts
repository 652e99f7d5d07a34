import type { Action } from '../../../server/access/room-access.ts';
import type { Fields } from '../../../server/chat/params.ts';
import type { Holds, Verb } from '../../../server/chat/verb.ts';
import { VERBS } from '../../../server/chat/verbs.ts';
import { ERRORS, type ErrorCode } from '../../../server/protocol/codes.ts';

const READERS = 'users who may [read the room](rooms.md#who-may-read-and-write)';

/** Users who may do what a verb asks for, by its action. */
const MAY: Readonly<Record<Action, string>> = {
  subscribe: READERS,
  history: READERS,
  presence: READERS,
  send: 'users who may [write to the room](rooms.md#who-may-read-and-write), and are not muted in it',
  mentionAll: 'moderators and above who may write to the room',
  publish: 'users who may write to the room, in kinds where bare `publish` is enabled',
};

/** Commands of a connection that wait for a call, by what the call holds. */
const HOLDS: Readonly<Record<Holds, string>> = {
  connection: 'all commands of the connection',
  room: 'calls of the connection in the same room, and what it publishes there',
};

/** Errors that every verb may answer, with their causes. */
export const COMMON_ERRORS: readonly { readonly error: ErrorCode; readonly when: string }[] = [
  { error: ERRORS.internal, when: 'A backend did not answer in time.' },
  { error: ERRORS.unauthorized, when: 'The caller is not signed in.' },
  { error: ERRORS.unknownChannel, when: 'No kind of room has this name.' },
  { error: ERRORS.permissionDenied, when: 'The user may not do this in the room, or may not see the room.' },
  {
    error: ERRORS.badRequest,
    when: 'A parameter is missing or out of its limits: the message names it and the limit.',
  },
  { error: ERRORS.tooManyRequests, when: 'Above a rate or a limit that callers share: the message names it.' },
];

/** The page of all verbs, `docs/verbs.md`. */
export function verbsPage(verbs: Readonly<Record<string, Verb>> = VERBS): string {
  return `${[INTRODUCTION, ...Object.entries(verbs).map(([name, verb]) => section(name, verb))].join('\n\n')}\n`;
}

const INTRODUCTION = `# Verbs

Generated from the table of verbs, [\`server/chat/verbs.ts\`](../server/chat/verbs.ts), by \`npm run update\`. The same table
makes the types of the [client](client.md) and [openapi.json](openapi.json). That file is for generators of types in other
languages: its schemas are those of \`data\` in calls and answers. Its paths are not served yet and answer 404.

A verb is an operation of the chat. A connection calls it with the command \`rpc\` of [the protocol](protocol.md): \`method\` is
the name of the verb, \`data\` an object with its parameters. There is no HTTP API yet.

- **Parameters** that a verb does not know are ignored, so that a newer client can talk to an older gateway. \`null\` counts as
  absent. A client ignores fields of a result that it does not know.
- **Order.** Calls of one connection begin in the order they were sent. A call is *placed* once its place in that order is settled,
  nearly always at once. Until then other commands wait; each verb names them. Answers may overtake each other.
- **Time.** Every call is answered within 4.5 s. A call that was answered as too late, or whose connection is gone, stores
  nothing afterwards unless it had been handed to the stream before.
- **Errors** are those of [the protocol](protocol.md#errors). *Temporary* ones may be tried again. Applications act by the code;
  the text is for people, in English, and may change. [What to do about 103](protocol.md#permission-denied). Every verb may
  answer these:

${errorTable(COMMON_ERRORS)}`;

function section(name: string, verb: Verb): string {
  const { summary, details, params, may, who, holds, result, errors = [], example } = verb;
  const call = { id: 7, rpc: { method: name, data: example.params } };
  const answer = { id: 7, rpc: { data: example.result } };
  return [
    `## ${name}`,
    details === undefined ? summary : `${summary}\n\n${details}`,
    `- Who may: ${who ?? (may === null ? 'every signed-in user' : MAY[may])}.\n- Waiting behind a call that is not placed yet: ${HOLDS[holds]}.`,
    Object.keys(params).length === 0 ? 'It takes no parameters.' : table('parameter', params),
    table('result', result),
    ...(errors.length === 0 ? [] : [errorTable(errors)]),
    ['```json', JSON.stringify(call), JSON.stringify(answer), '```'].join('\n'),
  ].join('\n\n');
}

function table(title: string, fields: Fields): string {
  const rows = Object.entries(fields).map(([name, param]) => {
    const { description } = param.schema;
    const rules = `${'optional' in param ? 'optional; ' : ''}${param.rules}`;
    return `| \`${name}\` | ${cell(rules)} | ${cell(description ?? '')} |`;
  });
  return [`| ${title} | type and limits | meaning |`, '| --- | --- | --- |', ...rows].join('\n');
}

function errorTable(errors: typeof COMMON_ERRORS): string {
  const rows = errors.map(({ error, when }) => {
    const temporary = error.temporary ? 'temporary' : '';
    return `| ${error.code} | ${error.message} | ${temporary} | ${cell(when)} |`;
  });
  return ['| error | message | | when |', '| --- | --- | --- | --- |', ...rows].join('\n');
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|');
}
