import { after, test } from 'node:test';
import { startBackends } from '../../tools/support/backends.ts';
import { BUILDS } from '../../tools/support/sdk.ts';
import { kickAmidMessages, livelyGroup } from '../support/chat/group-story.ts';
import { startCluster } from '../support/chat/local-chat.ts';
import { person } from '../support/chat/person.ts';

const backends = await startBackends({ after });

for (const build of BUILDS)
  test(`${build}: a group on two gateways: roles, changed messages, and a kick while messages flow`, async t => {
    // The gateway of the kicked one learns of the kick when it misses it: some messages are stored behind it.
    let losing = false;
    const { gateways } = await startCluster(t, backends, { dropLive: () => losing });
    const on = (at: 0 | 1, user: string) => person(t, gateways[at].url, user, { build });
    const cast = {
      owner: await on(0, 'owner'),
      moderator: await on(1, 'moderator'),
      member: await on(1, 'member'),
      leaver: [await on(0, 'leaver'), await on(1, 'leaver')],
    } as const;
    await kickAmidMessages(cast, await livelyGroup(cast), async kick => {
      losing = true;
      const done = await kick();
      losing = false;
      return done;
    });
  });
