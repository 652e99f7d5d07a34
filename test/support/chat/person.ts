import type { TestContext } from 'node:test';
import type { ParamsOf, ResultOf, VerbName } from '../../../client/verbs.ts';
import { type Client, type ClientOptions, nextId, openClient } from '../../../tools/support/sdk.ts';

/** Parameters of a verb; an act without an id gets a new one. */
type Given<V extends VerbName> = Omit<ParamsOf<V>, 'id'> & { readonly id?: string };

/** A user who acts on rooms, over the SDK. */
export interface Person extends Client {
  readonly user: string;
  act<V extends VerbName>(verb: V, params: Given<V>): Promise<ResultOf<V>>;
  /** Code with which a call is refused; 0 if it is not. */
  code<V extends VerbName>(verb: V, params: Given<V>): Promise<number>;
}

/** Connects a user. */
export async function person(
  t: TestContext,
  url: string,
  user: string,
  options: Omit<ClientOptions, 'user'> = {},
): Promise<Person> {
  return personOf(await openClient(t, url, { ...options, user }), user);
}

/** The user of a client that is there. */
export function personOf(client: Client, user: string): Person {
  const act = async <V extends VerbName>(verb: V, params: Given<V>) =>
    (await client.rpc(verb, { id: nextId(), ...params })) as ResultOf<V>;
  return {
    ...client,
    user,
    act,
    code: (verb, params) =>
      act(verb, params).then(
        () => 0,
        (error: { readonly code: number }) => error.code,
      ),
  };
}
