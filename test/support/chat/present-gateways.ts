import { InvisibleUsers } from '../../../server/presence/invisible-users.ts';
import { Presence } from '../../../server/presence/presence.ts';
import { ManualClock } from '../clocks/manual-clock.ts';
import { settle } from '../clocks/settle.ts';
import { PresenceNet } from './memory-presence-bus.ts';
import { TestMember, TestRooms } from './test-rooms.ts';

/** Longer than the gateways collect what changed. */
const TOLD_MS = 60;

/** The presence of one gateway, and members that come and go as connections do. */
export class PresentGateway {
  readonly rooms = new TestRooms();
  readonly presence: Presence;
  readonly invisible = new InvisibleUsers({ load: () => false, own: () => [] });
  readonly bus: ReturnType<PresenceNet['bus']>;
  readonly name: string;
  readonly gone: string[] = [];
  partials = 0;
  resumed = 0;

  constructor(name: string, net: PresenceNet, clock: ManualClock) {
    this.name = name;
    this.bus = net.bus();
    this.presence = new Presence({
      gateway: name,
      rooms: this.rooms.rooms,
      invisible: this.invisible,
      bus: this.bus,
      now: () => clock.now(),
      after: clock.after,
      partial: () => {
        this.partials += 1;
      },
      gone: gateway => void this.gone.push(gateway),
      resumed: () => {
        this.resumed += 1;
      },
    });
  }

  async enter(room: string, user = 'somebody'): Promise<TestMember> {
    const member = Object.assign(new TestMember(this.rooms), { user });
    this.presence.entered(room, member);
    await this.rooms.join(room, null, member);
    this.presence.arrived(room, member);
    return member;
  }

  /** Many at once, each its own user. */
  async enterMany(room: string, count: number, user = (index: number) => `${this.name} ${index}`): Promise<void> {
    const opened = this.rooms.rooms.open(room);
    await opened.ready();
    for (let i = 0; i < count; i++) {
      const member = Object.assign(new TestMember(this.rooms), { user: user(i) });
      this.presence.entered(room, member);
      opened.add(member);
      this.presence.arrived(room, member);
    }
  }

  leave(room: string, member: TestMember): void {
    member.leave();
    this.presence.left(room, member);
  }

  /** Connections in a room, by the users' names. */
  async users(room: string, most = 1_000): Promise<string[]> {
    const { members } = await this.presence.members(room, most);
    return [...(members ?? new Map<string, { user: string }>()).values()].map(({ user }) => user).sort();
  }
}

/** Gateways that have heard of each other, and what is between them. */
export class PresentGateways {
  readonly clock = new ManualClock();
  readonly net = new PresenceNet();
  readonly all: PresentGateway[] = [];

  static async start(count: number): Promise<PresentGateways> {
    const gateways = new PresentGateways();
    for (let i = 0; i < count; i++) gateways.add(`gateway-${i}`);
    await gateways.beat();
    return gateways;
  }

  add(name: string): PresentGateway {
    const gateway = new PresentGateway(name, this.net, this.clock);
    this.all.push(gateway);
    return gateway;
  }

  at(index: number): PresentGateway {
    const gateway = this.all[index];
    if (!gateway) throw new Error(`there is no gateway ${index}`);
    return gateway;
  }

  async beat(): Promise<void> {
    for (const { presence } of this.all) presence.beat();
    await settle();
  }

  /** Delivers changes to the other gateways. */
  async told(): Promise<void> {
    this.clock.pass(TOLD_MS);
    await settle();
  }
}
