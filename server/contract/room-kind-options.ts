import { parseRules } from './room-kind-fields.ts';
import { BUILT_IN_KINDS, type DeclaredKind, type KindRules, RESERVED_KINDS, rulesOf } from './room-kinds.ts';

/** Options that declare kinds. */
export interface KindOptions {
  /** Kinds with access `Open` or `Claim`: `kind=Access` or `kind=Access/PublishEnabled`, comma separated. */
  readonly roomKinds: string;
  /** JSON object with a {@link DeclaredKind} for each name, or empty. Its fields win over those of {@link roomKinds}. */
  readonly roomRules: string;
}

/** Rules of all kinds by name: built-in ones and those of the options. @param options checked values */
export function kindsOf(options: KindOptions): ReadonlyMap<string, KindRules> {
  const kinds = new Map(BUILT_IN_KINDS);
  kinds.delete('channel'); // the default of `roomKinds` declares it
  for (const [name, declared] of declaredKinds(options)) kinds.set(name, rulesOf(name, declared));
  return kinds;
}

/** Fields that do not fit each other in the kinds of the options. @returns all problems, or null */
export function kindsProblem(options: KindOptions): string | null {
  const problems = [...declaredKinds(options)].flatMap(([name, declared]) => combinationProblems(name, declared));
  return problems.length === 0 ? null : problems.join('; ');
}

/** Fields of a kind that do not fit each other, a sentence each. The CRD has the same rules. */
export function combinationProblems(name: string, declared: DeclaredKind): string[] {
  const { access, create, join, write, history, maxMembers } = rulesOf(name, declared);
  const refused = (refuses: boolean, field: string, rule: string) => (refuses ? [`${name}.${field} ${rule}`] : []);
  const byAccess =
    access === 'Members'
      ? refused(write === 'Everyone', 'write', 'must be Members or Staff with access Members: others cannot read')
      : [
          ...refused(maxMembers > 0, 'maxMembers', `must be 0 with access ${access}: users read without joining`),
          ...refused(history === 'Joined', 'history', `must be All with access ${access}: users read without joining`),
          ...refused(join !== 'Anyone', 'join', `must be Anyone with access ${access}: users read without joining`),
        ];
  if (name !== 'dm' || access !== 'Members') return byAccess;
  return [
    ...byAccess,
    ...refused(create !== 'Nobody', 'create', 'must be Nobody: the server makes the one room of two users'),
    ...refused(join !== 'Invite', 'join', 'must be Invite: the members of a room are the two users in its name'),
    ...refused(maxMembers !== 2, 'maxMembers', 'must be 2'),
  ];
}

/** Kinds of both options by name, without those that cannot be declared. */
function declaredKinds({ roomKinds, roomRules }: KindOptions): ReadonlyMap<string, DeclaredKind> {
  const declared = parseKinds(roomKinds);
  for (const [name, rules] of Object.entries(parseRules(roomRules)))
    declared.set(name, { ...declared.get(name), ...rules });
  for (const name of RESERVED_KINDS.keys()) declared.delete(name);
  return declared;
}

function parseKinds(text: string): Map<string, DeclaredKind> {
  const kinds = new Map<string, DeclaredKind>();
  for (const entry of text.split(',').filter(entry => entry !== '')) {
    const [kind = '', rules = ''] = entry.split('=');
    const [access, publish] = rules.split('/Publish') as [KindRules['access'], KindRules['publish']?];
    kinds.set(kind, { access, ...(publish ? { publish } : {}) });
  }
  return kinds;
}
