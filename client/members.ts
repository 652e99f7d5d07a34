import type { Member } from './transport.ts';

/** Users in a room. The protocol lists connections; here a user with two tabs is one user. */
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

  /** Takes the answer of a presence command. */
  replace(members: readonly Member[]): void {
    this.#userByClient = new Map(members.map(member => [member.client, member.user]));
  }

  /** Forgets all members: the room is too large to be listed. */
  forget(): void {
    this.#userByClient = null;
  }

  /** Adds a member. Before the first answer nothing is added: the answer will have it. */
  joined(member: Member): void {
    this.#userByClient?.set(member.client, member.user);
  }

  /** True if the members are known and this one is not among them. */
  lacks(member: Member): boolean {
    return this.#userByClient?.has(member.client) === false;
  }

  left(member: Member): void {
    this.#userByClient?.delete(member.client);
  }
}
