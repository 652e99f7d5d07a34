/** Statuses of pods as kubelets and controllers write them. `T` is when the pod got its node. */
export const T = '2026-01-01T12:00:00Z';

const condition = (type: string, status: string, rest: object = {}) => ({
  type,
  status,
  lastProbeTime: null,
  lastTransitionTime: T,
  ...rest,
});
const SCHEDULED = condition('PodScheduled', 'True');
const INITIALIZED = condition('Initialized', 'True');
const SANDBOX = condition('PodReadyToStartContainers', 'True');
const unready = (reason = 'ContainersNotReady') => [
  condition('Ready', 'False', { reason, message: 'containers with unready status: [gateway]' }),
  condition('ContainersReady', 'False', { reason, message: 'containers with unready status: [gateway]' }),
];
const creating = (reason = 'ContainerCreating') => ({
  name: 'gateway',
  image: 'registry.example.com/chat:7',
  imageID: '',
  ready: false,
  started: false,
  restartCount: 0,
  lastState: {},
  state: { waiting: { reason } },
});

const stopped = (reason: string, exitCode: number, message?: string) => ({
  terminated: {
    containerID: 'containerd://1',
    exitCode,
    reason,
    startedAt: T,
    finishedAt: '2026-01-01T12:01:00Z',
    ...(message === undefined ? {} : { message }),
  },
});

/** A gateway that runs, and how it stopped before. */
export const running = (lastState: object = {}, restartCount = 0) => ({
  phase: 'Running',
  conditions: [SANDBOX, INITIALIZED, condition('Ready', 'True'), condition('ContainersReady', 'True'), SCHEDULED],
  containerStatuses: [
    { ...creating(), ready: true, started: true, restartCount, lastState, state: { running: { startedAt: T } } },
  ],
});
const backOff = (last: object) => ({
  phase: 'Running',
  conditions: [SANDBOX, INITIALIZED, ...unready(), SCHEDULED],
  containerStatuses: [
    {
      ...creating(),
      restartCount: 4,
      lastState: last,
      state: {
        waiting: {
          reason: 'CrashLoopBackOff',
          message: 'back-off 40s restarting failed container=gateway pod=chat-gateway-1_team-a(6f)',
        },
      },
    },
  ],
});

const CRASH = `{"level":30,"time":"2026-01-01T12:00:59.000Z","process":"gateway","msg":"gateway ready"}
/app/server/gateway.js:20
Error: listen EADDRINUSE: address already in use :::8080
    at Server.setupListenHandle [as _listen2] (node:net:1940:16)
    at process.processTicksAndRejections (node:internal/process/task_queues:105:5) {
  code: 'EADDRINUSE'
}

Node.js v22.12.0
`;

export const STATUSES = {
  crashes: backOff(stopped('Error', 1, CRASH)),
  crashesSilently: backOff(stopped('Error', 1)),
  'is short of memory again and again': backOff(stopped('OOMKilled', 137)),
  'came back after it was short of memory': running(stopped('OOMKilled', 137), 3),
  'came back after it crashed': running(stopped('Error', 134, 'FATAL ERROR: Reached heap limit Allocation failed')),
  'pulls a missing image': {
    phase: 'Pending',
    conditions: [SANDBOX, INITIALIZED, ...unready(), SCHEDULED],
    containerStatuses: [
      {
        ...creating(),
        state: {
          waiting: {
            reason: 'ImagePullBackOff',
            message: 'Back-off pulling image "registry.example.com/chat:7": ErrImagePull: not found',
          },
        },
      },
    ],
  },
  'waits for a volume': {
    phase: 'Pending',
    conditions: [condition('PodReadyToStartContainers', 'False'), INITIALIZED, ...unready(), SCHEDULED],
    containerStatuses: [creating()],
  },
  'pulls a large image': {
    phase: 'Pending',
    conditions: [SANDBOX, INITIALIZED, ...unready(), SCHEDULED],
    containerStatuses: [creating()],
  },
  'waits for an injected init container': {
    phase: 'Pending',
    conditions: [
      SANDBOX,
      condition('Initialized', 'False', {
        reason: 'ContainersNotInitialized',
        message: 'containers with incomplete status: [mesh-init]',
      }),
      ...unready(),
      SCHEDULED,
    ],
    initContainerStatuses: [{ ...creating(), name: 'mesh-init', state: { running: { startedAt: T } } }],
    containerStatuses: [creating('PodInitializing')],
  },
  'has an injected init container that crashes': {
    phase: 'Pending',
    conditions: [SANDBOX, condition('Initialized', 'False'), ...unready(), SCHEDULED],
    initContainerStatuses: [
      {
        ...creating(),
        name: 'mesh-init',
        restartCount: 5,
        lastState: stopped('Error', 2, 'iptables: permission denied\n'),
        state: { waiting: { reason: 'CrashLoopBackOff', message: 'back-off 2m40s restarting failed container' } },
      },
    ],
    containerStatuses: [creating('PodInitializing')],
  },
  'has a scheduling gate': {
    phase: 'Pending',
    conditions: [
      condition('PodScheduled', 'False', {
        reason: 'SchedulingGated',
        message: 'Scheduling is blocked due to non-empty scheduling gates',
      }),
    ],
  },
  'is on a node that is silent': {
    ...running(),
    conditions: [SANDBOX, INITIALIZED, condition('Ready', 'False'), condition('ContainersReady', 'True'), SCHEDULED],
  },
  'waits for a readiness gate': {
    ...running(),
    conditions: [
      SANDBOX,
      INITIALIZED,
      condition('Ready', 'False', { reason: 'ReadinessGatesNotReady', message: 'a gate does not exist' }),
      condition('ContainersReady', 'True'),
      SCHEDULED,
    ],
  },
  'was evicted': {
    phase: 'Failed',
    reason: 'Evicted',
    message: 'The node was low on resource: memory. Threshold quantity: 100Mi, available: 80Mi. ',
    conditions: [
      condition('DisruptionTarget', 'True', { reason: 'TerminationByKubelet', message: 'The node was low on memory' }),
      ...unready('PodFailed'),
      SCHEDULED,
    ],
    containerStatuses: [{ ...creating(), state: stopped('Error', 137) }],
  },
  'is preempted': {
    ...running(),
    conditions: [
      condition('DisruptionTarget', 'True', {
        reason: 'PreemptionByScheduler',
        message: 'default-scheduler: preempting to accommodate a higher priority pod',
      }),
      ...running().conditions,
    ],
  },
  'was refused by its node': {
    phase: 'Failed',
    reason: 'OutOfcpu',
    message: 'Pod was rejected: Node did not have enough resource: cpu, requested: 100, used: 3950, capacity: 4000',
    conditions: [SCHEDULED],
  },
} as const;
