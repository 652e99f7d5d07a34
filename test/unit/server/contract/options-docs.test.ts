import { join } from 'node:path';
import { test } from 'node:test';
import { assertGenerated } from '../../../support/docs/generated.ts';
import { optionsTable } from '../../../support/docs/options-table.ts';

const FILE = join(import.meta.dirname, '../../../../docs/configuration.md');
const INTRODUCTION = `# Options of the server

Gateways and workers read these environment variables when they start; the operator sets them from the ChatCluster. A process
with a value out of bounds does not start and lists all problems. A \`CHAT_\` variable that belongs to no option is ignored
with a warning, which names the option that was probably meant: an operator may be newer than the image it runs.
Tracing follows the standard \`OTEL_\` variables and is off until \`OTEL_EXPORTER_OTLP_ENDPOINT\` is set. Spans are in
[metrics.md](metrics.md).

## Reloadable options
A running process also takes new values of the options marked *reload*, from files of the directory \`CHAT_LIVE_DIR\`, each
named after its variable. It reads them every 500 ms: a change needs no restart and moves no client. The operator mounts one
volume there, with the Secrets and, in gateways, its ConfigMap and the pod's annotations. Workers of an operator that did
not mount it yet take new Secrets with the annotation \`chatcluster.dev/restart\`.

- A file wins over its variable. If a file is removed the variable counts again, except for the signing secret and MongoDB's
  connection string, which keep their last value.
- One line break at the end of MongoDB's connection string, of the NATS user and of the NATS password is removed: editors and
  \`echo\` add one. At the end of a signing secret it is part of the secret, because an application that reads the same Secret
  may sign with it; the gateway logs a warning.
- A bad value at the start stops the process, as a bad variable does. A bad value later is logged, and that option keeps its
  previous value: \`chatcluster_live_options_rejected\` counts such options, \`refused\` of \`/load\` and \`/backends\` gives the
  reasons, the ChatCluster's condition \`SettingsInForce\` repeats them, and \`optionsVersion\` of \`/load\` names the last version
  whose values were all good.
- Open connections keep \`CHAT_PING_SECONDS\` and \`CHAT_PONG_SECONDS\`, which the client learnt when it connected. Origins,
  issuer, audience and the limits on connecting apply to the next connections. Everything else applies to every connection at
  once. Users who may not read a room any more, because its kind now requires a claim or members, are removed from it.
- Not reloadable, although limits: \`CHAT_MAX_FRAME_BYTES\` and \`CHAT_SEND_BUFFER_BYTES\`, which the socket library fixes when it
  listens, and the two times of a drain, because the grace period of the pod is computed from them and cannot change either.

Changing Secrets without an interruption:

- **Signing secret.** In one change of the Secret put the new one under \`secret\` and the old one under
  \`secret-previous\`. Give the kubelets 90 s, check that \`chatcluster_live_options_rejected\` is 0, then let the
  applications sign with the new one. When \`chatcluster_tokens_replaced_secret_total\` stops rising, remove
  \`secret-previous\`. Connected clients stay connected until their token expires. Without \`secret-previous\` a running
  gateway accepts the old tokens for another \`CHAT_AUTH_SECRET_GRACE_SECONDS\`, and a gateway that starts meanwhile refuses them.
  If a secret has leaked, change it with a grace of 0 and without \`secret-previous\`.
- **NATS.** Gateways and workers use new credentials from the next connection on: change them here first, then at NATS.
- **MongoDB.** A new connection string is tried until it works. Until then the old connection stays in use; requests that are
  under way on it are answered before it is closed.

## All options

`;

test('docs/configuration.md lists every option with its bounds and its default', () => {
  assertGenerated(FILE, `${INTRODUCTION}${optionsTable()}\n`);
});
