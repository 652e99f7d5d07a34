import type { Member } from './transport.ts';

/** Who is in a room. The protocol counts connections, people count people: a user with two tabs is here once. */
export class Members {
  #userByClient: Map<string, string> | null = null;

  /** Users in order of their names, each with the number of their connections; null until the first answer. */
  users(): readonly { readonly user: string; readonly connections: number }[] | null {
    if (this.#userByClient === null) return null;
    const connections = new Map<string, number>();
    for (const user of this.#userByClient.values()) connections.set(user, (connections.get(user) ?? 0) + 1);
    return [...connections]
      .map(([user, count]) => ({ user, connections: count }))
      .sort((a, b) => a.user.localeCompare(b.user));
  }

  /** The whole answer of a presence command. */
  replace(members: readonly Member[]): void {
    this.#userByClient = new Map(members.map(member => [member.client, member.user]));
  }

  /** The room is too large for its members to be known. */
  forget(): void {
    this.#userByClient = null;
  }

  /** Joins before the first answer are left out: the answer holds them. */
  joined(member: Member): void {
    this.#userByClient?.set(member.client, member.user);
  }

  /** The members are known, and this one is not among them. */
  lacks(member: Member): boolean {
    return this.#userByClient?.has(member.client) === false;
  }

  left(member: Member): void {
    this.#userByClient?.delete(member.client);
  }
}
