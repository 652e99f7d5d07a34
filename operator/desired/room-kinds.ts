import { KIND_NUMBERS, KIND_WORDS } from '../../server/contract/room-kind-fields.ts';
import { DEFAULTS_BY_ACCESS, type DeclaredKind, INBOX_KIND, rulesOf } from '../../server/contract/room-kinds.ts';
import type { RoomKind } from '../api/chat-cluster.ts';

/**
 * Option `roomKinds`: the kinds with access `Open` or `Claim`. It stays in the form that every release reads: a gateway refuses
 * an option with a word that it does not know. Members of rooms are in {@link rulesText}, which older gateways do not read.
 */
export function kindsText(kinds: readonly RoomKind[]): string {
  const text = kinds
    .filter(kind => !hasMembers(kind))
    .map(kindText)
    .join(',');
  return text === '' && kinds.some(({ name }) => name === 'channel') ? NO_OPEN_KIND : text;
}

/** Declares nothing: no gateway lets an option open the inboxes. An empty option would stand for its default, an open channel. */
const NO_OPEN_KIND = `${INBOX_KIND}=Open`;

const hasMembers = ({ name, ...given }: RoomKind) => rulesOf(name, given).access === 'Members';

/** A publish right that the access implies is left out: gateways before that field know no other form. */
function kindText({ name, ...given }: RoomKind): string {
  const { access, publish } = rulesOf(name, given);
  return publish === DEFAULTS_BY_ACCESS[access].publish ? `${name}=${access}` : `${name}=${access}/Publish${publish}`;
}

/** Option `roomRules`: the given fields that {@link kindsText} does not carry, as JSON; empty without any. */
export function rulesText(kinds: readonly RoomKind[]): string {
  const rules = kinds
    .map(
      kind =>
        [kind.name, hasMembers(kind) ? { ...fieldsOf(kind), access: 'Members' } : others(fieldsOf(kind))] as const,
    )
    .filter(([, fields]) => Object.keys(fields).length > 0);
  return rules.length === 0 ? '' : JSON.stringify(Object.fromEntries(rules));
}

const others = ({ access: _, publish: __, ...rest }: DeclaredKind): DeclaredKind => rest;

/** Given fields in the order of the tables, so that the text does not change with that of a manifest. */
function fieldsOf(kind: RoomKind): DeclaredKind {
  const given: Record<string, unknown> = pick(kind, [...Object.keys(KIND_WORDS), 'maxMembers']);
  for (const field of ['limits', 'sizes'] as const) {
    const numbers = pick(kind[field] ?? {}, Object.keys(KIND_NUMBERS[field]));
    if (Object.keys(numbers).length > 0) given[field] = numbers;
  }
  return given;
}

const pick = (from: object, names: readonly string[]) =>
  Object.fromEntries(
    names.map(name => [name, (from as Record<string, unknown>)[name]]).filter(([, value]) => value !== undefined),
  ) as Record<string, never>;
