import type { Registry } from 'prom-client';

/** A metric as its page lists it. */
export interface ListedMetric {
  readonly name: string;
  readonly type: string;
  readonly labelNames: readonly string[];
  readonly help: string;
}

const INTRODUCTION = `# Metrics and traces of the server

Gateways and workers answer \`/metrics\` on their admin port (\`CHAT_ADMIN_PORT\`). The operator's own metrics are in
[operator.md](operator.md). Beside these each process has the usual ones of Node (\`process_\`, \`nodejs_\`). No label has the name of a
room or of a user. A histogram gives \`_bucket\`, \`_sum\` and \`_count\`.

What to watch:

- \`chatcluster_verb_calls_total{outcome="failed"}\`: temporary errors, of NATS or MongoDB. \`refused\` are answers to callers who may not,
  or ask for what is not there.
- \`chatcluster_fold_lag_seconds\`: how late lists, deletes in MongoDB, invitations and repairs of rooms are. Purges wait for it.
- \`chatcluster_control_races_total\`: acts of staff on one room at the same time. Each costs one more round to NATS.
- \`chatcluster_masks_read_total\`: reads of deleted messages before history and recovery, two requests to NATS each.

## Overload
A gateway whose event loop is later than \`CHAT_FEATURE_LAG_MS\` (200), on average of 5 s, leaves out what is not a message: first typing, then
states of users, receipts for others, hints of new messages (bumps), and joins and leaves. Each further step comes after 2 s more, each step back
after 10 s below half of the limit. States and joins that were left out are made up for within a minute, receipts with the next
mark. \`chatcluster_features_left_out\` is the number of features, \`chatcluster_overload_dropped_total\` counts events; the condition
\`FeaturesOffered\` of the ChatCluster tells of it, and the autoscaler adds a gateway ([scaling.md](scaling.md)).

## Traces
Gateways and workers send spans if \`OTEL_EXPORTER_OTLP_ENDPOINT\` is set; the other \`OTEL_\` variables of the SDK apply. A trace begins
with a call on a gateway. Clients cannot continue a trace of their own: a caller that nobody trusts must not decide what is sampled.

| span | process | of | attributes |
| --- | --- | --- | --- |
| name of the verb, such as \`message.edit\` | gateway | a call | \`chat.kind\`; \`chat.error\`, the code, of one that failed |
| \`message.publish\` | gateway | an entry until NATS has it; its context goes with the entry, in the header \`traceparent\` | \`chat.kind\`, \`chat.type\`, \`chat.offset\` |
| \`message.deliver\` | gateway | an entry that came live to subscribers | \`chat.deliveries\`, \`chat.offset\` |
| \`message.store\` | worker | an entry on its way into MongoDB | \`chat.offset\`, \`chat.batch\` |
| \`message.fold\` | worker | an edit, a delete, a reaction, or an act on a room, in the fold \`state\` or \`views\` | \`chat.fold\`, \`chat.kind\`, \`chat.type\`, \`chat.offset\`, \`chat.batch\` |

\`message.publish\` is the child of the call; the spans of other processes are children of \`message.publish\`. No span has a name of a room
or user, or a text. An entry whose message is deleted at once may be erased before a fold reads it: then it has no span there. *tracing*
`;

/** Page of all metrics of gateways and workers. */
export function metricsPage(registries: { readonly gateway: Registry; readonly worker: Registry }): string {
  return [
    INTRODUCTION,
    '## Gateways\n',
    tableOf(registries.gateway),
    '',
    '## Workers\n',
    tableOf(registries.worker),
    '',
  ].join('\n');
}

/** Own metrics of a process. */
export function listedIn(registry: Registry): ListedMetric[] {
  return registry
    .getMetricsAsArray()
    .map(metric => metric as unknown as Omit<ListedMetric, 'type'>)
    .filter(({ name }) => name.startsWith('chatcluster_'))
    .map(metric => ({ ...metric, type: metric.constructor.name.toLowerCase() }));
}

function tableOf(registry: Registry): string {
  const rows = listedIn(registry).map(({ name, type, labelNames, help }) => {
    const labels = labelNames.length > 0 ? `{${labelNames.join()}}` : '';
    return `| \`${name}${labels}\` | ${type} | ${help} |`;
  });
  return ['| metric | type | |', '| --- | --- | --- |', ...rows].join('\n');
}
