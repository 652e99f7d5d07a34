import { join } from 'node:path';
import { test } from 'node:test';
import { assertGenerated } from '../../../support/docs/generated.ts';
import { optionsTable } from '../../../support/docs/options-table.ts';

const FILE = join(import.meta.dirname, '../../../../docs/configuration.md');
const INTRODUCTION = `# Options of the server

Gateways and workers read these environment variables at their start; the operator sets them from the ChatCluster. A
value out of bounds stops the process with a list of all problems. A \`CHAT_\` variable that is none of these is ignored, and
a warning at the start names it and the option that was probably meant: an operator may be newer than the image it runs.
Tracing follows the standard \`OTEL_\` variables and is off until \`OTEL_EXPORTER_OTLP_ENDPOINT\` is set.

## Live options
A process takes the options marked *live* also from files of the directory \`CHAT_LIVE_DIR\`, each named after its
variable. It looks every 500 ms, so a change needs no restart and moves no client. The operator mounts there the Secrets, and
in gateways its ConfigMap and the pod's annotations too, as one volume. Workers made by an operator that did not mount it there
yet take new Secrets with the annotation \`chatcluster.dev/restart\`.

- A file wins over its variable. Where a file is removed the variable counts again, but the signing secret and MongoDB's
  string stay as they were last.
- One line break at the end of MongoDB's string, of the NATS user and of the NATS password is left out: editors and \`echo\` put it
  there. At the end of a signing secret it counts, because an application that reads the same Secret may sign with it; a
  gateway warns of it.
- A bad value at the start stops the process, like a bad variable. A bad value later is logged and kept out, and only that
  one: \`chatcluster_live_options_rejected\` counts them, \`refused\` of \`/load\` and \`/backends\` says why, which the ChatCluster's
  condition \`SettingsInForce\` repeats, and \`optionsVersion\` of \`/load\` names the last version whose values were all good.
- Existing connections keep \`CHAT_PING_SECONDS\` and \`CHAT_PONG_SECONDS\`, because the client was told. Origins, issuer,
  audience and the limits on connecting are for who connects next. Everything else applies to every connection at once.
  Users leave rooms of a kind that takes a claim now and that their token does not list.
- Not live, although limits: \`CHAT_MAX_FRAME_BYTES\` and \`CHAT_SEND_BUFFER_BYTES\`, which the socket library fixes when it
  listens, and the two times of a drain, because the pod's grace period is made from them and cannot change either.

Secrets change so that nobody notices:

- **Signing secret.** In one change of the Secret put the new one under \`secret\` and the old one under
  \`secret-previous\`. Give the kubelets their 90 s, see that \`chatcluster_live_options_rejected\` is 0, then let the
  applications sign with the new one. When \`chatcluster_tokens_replaced_secret_total\` rises no more, take
  \`secret-previous\` away. Who is connected stays so until the token expires. Without \`secret-previous\` a running
  gateway takes the old tokens for \`CHAT_AUTH_SECRET_GRACE_SECONDS\` more, and one that starts meanwhile refuses them.
  A secret that others have learnt: change it with a grace of 0 and without \`secret-previous\`.
- **NATS.** Gateways and workers use new credentials from the next connection on: change them here first, then at NATS.
- **MongoDB.** A new connection string is tried until it works. Until then the old connection serves, and what was asked of
  it is answered before it ends.

## All options

`;

test('docs/configuration.md lists every option with its bounds and its default', () => {
  assertGenerated(FILE, `${INTRODUCTION}${optionsTable()}\n`);
});
