import type { Logger } from 'pino';
import type { Clock } from '../../server/time/clock.ts';
import { API_VERSION, type ChatCluster, KIND } from '../api/chat-cluster.ts';
import { FailedWrites } from '../apply/failed-writes.ts';
import { type Action, type Observed, objectId } from '../apply/plan.ts';
import { type Alteration, Repairs } from '../apply/repairs.ts';
import { isRewrite, Rewrites } from '../apply/rewrites.ts';
import type { WriteFailure } from '../apply/write-failure.ts';
import { Writer, type Written } from '../apply/writer.ts';
import type { Probes } from '../ask/probes.ts';
import { withoutStaleAnswers } from '../autoscale/cached-answers.ts';
import { recordOf } from '../autoscale/record.ts';
import { withInstance } from '../fleet/instance.ts';
import { clientSelector, labelledRevisions, refusingOf, workerDeployment } from '../fleet/observe.ts';
import { planFleet } from '../fleet/plan.ts';
import { podPatches } from '../fleet/pod-patches.ts';
import type { KubeClient } from '../kube/client.ts';
import { least } from '../process/least.ts';
import type { Metrics } from '../process/metrics.ts';
import { forgetMetrics, measure } from '../report/measure.ts';
import {
  type Notice,
  noticeOfChat,
  noticeOfDecision,
  noticeOfWorkers,
  noticesOfActions,
  noticesOfIntents,
} from '../report/notices.ts';
import type { Pass } from '../report/pass.ts';
import type { Recorder } from '../report/recorder.ts';
import { Reporter } from '../report/reporter.ts';
import { isStepOpen, StepNotice } from '../report/step-notice.ts';
import { noticesOfFailures, writeFailure } from '../report/write-failures.ts';
import type { Caches } from '../watch/caches.ts';
import type { CrdCheck } from '../watch/crd-check.ts';
import { Children } from './children.ts';
import { isQuiet } from './quiet.ts';
import { newMemory, type ScalingMemory, scale } from './size.ts';
import { noteShort, viewOf } from './view.ts';

export interface ReconcilerOptions {
  readonly caches: Caches;
  readonly crd: Pick<CrdCheck, 'unknown'>;
  readonly client: KubeClient;
  readonly probes: Pick<Probes, 'latest' | 'refresh' | 'pace'>;
  readonly recorder: Pick<Recorder, 'record' | 'forget'>;
  readonly metrics: Metrics;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Logger;
  readonly defaultImage: string;
  readonly rewritesPerSecond: number;
}

/** How often gateways are asked while they are being emptied. */
const ASK_AGAIN_MS = 1_000;

/** What is kept of one ChatCluster from pass to pass. */
interface Memory {
  readonly uid: string;
  readonly scaling: ScalingMemory;
  readonly failed: FailedWrites;
  readonly steps: StepNotice;
  readonly children: Children;
  readonly repairs: Repairs;
  altered: readonly Alteration[];
  /** When it is its turn to be written anew for an upgrade of the operator; undefined while nothing is. */
  rewriteAt: number | undefined;
  /** Ids of objects that the pass before could not write. */
  open: ReadonlySet<string>;
}

/** Makes one ChatCluster what its spec says. Everything is decided by pure functions on what the caches hold. */
export class Reconciler {
  readonly #options: ReconcilerOptions;
  readonly #writer: Writer;
  readonly #rewrites: Rewrites;
  readonly #reporter: Reporter;
  /** By key, each of one ChatCluster: one that is made anew under the same name begins anew. */
  readonly #memory = new Map<string, Memory>();

  constructor(options: ReconcilerOptions) {
    this.#options = options;
    this.#writer = new Writer(options);
    this.#rewrites = new Rewrites(options.rewritesPerSecond);
    this.#reporter = new Reporter(options);
  }

  /** One pass. @returns milliseconds after which another one has news @throws {Error} when it has to be repeated */
  async run(key: string): Promise<number | undefined> {
    const { caches, probes } = this.#options;
    const found = caches.cluster(key);
    if (!found || found.metadata.deletionTimestamp !== undefined) {
      // The garbage collector takes the children: each has its owner's uid.
      this.#forget(key);
      // One that is still there is told of again and again: those are one Event.
      if (!found) this.#options.recorder.forget(key);
      else await this.#reporter.reportHeld(found, notices => this.#tell(found, notices));
      return undefined;
    }
    const observed = caches.children(key);
    const cluster = withInstance(
      found,
      observed.map(child => child.object),
    );
    const pass = this.#decide(key, cluster, observed);
    const memory = this.#memoryOf(key, cluster.metadata.uid);
    const { failed } = memory;
    const written = await this.#act(pass, observed);
    const result = { failure: this.#failureOf(cluster, written, failed), altered: memory.altered };
    const again = await this.#reporter.report(pass, result, notices => this.#tell(cluster, notices));
    const reported = caches.cluster(key) ?? cluster;
    probes.pace(key, isQuiet({ cluster: reported, plan: pass.plan, probe: probes.latest(key) }));
    if (written.error !== undefined) throw written.error;
    if (pass.plan.againMs !== undefined) this.#askAgain(key);
    const now = this.#options.clock.now();
    const turnMs = memory.rewriteAt === undefined ? undefined : Math.max(0, Math.ceil(memory.rewriteAt - now));
    return least(again, pass.plan.againMs, failed.againMs(now), turnMs);
  }

  #failureOf(cluster: ChatCluster, { waiting }: Written, failed: FailedWrites): WriteFailure | undefined {
    const now = this.#options.clock.now();
    const ready = cluster.status?.conditions?.find(({ type }) => type === 'Ready');
    this.#tell(cluster, noticesOfFailures(failed.news(now)));
    return writeFailure(failed.shown(now, ready?.reason === 'WriteFailing'), waiting);
  }

  #decide(key: string, cluster: ChatCluster, observed: readonly Observed[]): Pass {
    const { caches, probes, clock, log } = this.#options;
    const children = observed.map(child => child.object);
    const probe = probes.latest(key);
    const memory = this.#memoryOf(key, cluster.metadata.uid).scaling;
    const view = viewOf(
      cluster,
      children,
      caches.pods(key, 'gateway'),
      probe && { ...probe, loads: withoutStaleAnswers(probe.loads, clock.now()) },
      caches,
      memory.seen,
      { now: clock.now(), wall: clock.wallClock() },
    );
    const counted = memory.decidedOn;
    const foreign = caches.autoscalersOf(key);
    const scaling = scale({ cluster, children, fleet: view, foreign, probe, now: clock.now() }, memory);
    // What is decided again on the same answers is no news, unless it is a step.
    const { input, decision } = scaling;
    const isNews = probe !== counted || decision.replicas !== input.current;
    if (isNews && log.isLevelEnabled('debug')) log.debug({ key, decision: recordOf(input, decision) }, 'decision');
    const fleet = { ...view, size: scaling.size, sizedByOthers: scaling.sizedByOthers };
    const plan = planFleet(fleet);
    noteShort(memory.seen, plan.short, clock.now());
    return { key, cluster, scaling, fleet, plan };
  }

  async #act({ key, cluster, scaling, fleet, plan: next }: Pass, observed: readonly Observed[]): Promise<Written> {
    const { caches, metrics, probes } = this.#options;
    const memory = this.#memoryOf(key, cluster.metadata.uid);
    const children = observed.map(child => child.object);
    const pods = caches.pods(key, 'gateway');
    const workers = workerDeployment(cluster, children);
    const knows = (kind: string) => caches.knows(kind);
    const makings = { cluster, observed, plan: next, fleet, workerReplicas: scaling.workers.replicas, knows };
    const { actions: planned, taken, resting, optionsVersion } = memory.children.plan(makings);
    const patches = podPatches(pods, next.intents, {
      version: optionsVersion,
      selector: clientSelector(cluster, children),
      labelled: labelledRevisions(cluster, children),
      refusing: refusingOf(fleet.pods),
    });
    const actions = this.#inTurn(planned, cluster, memory);
    const { failed, repairs } = memory;
    const work = { cluster: cluster.metadata, observed, patches, actions, taken, failed, repairs };
    const written = await this.#writer.write(work);
    memory.altered = repairs.alterations(resting);
    const { done, patched, open, error } = written;
    const isNew = cluster.status?.observedGeneration === undefined;
    this.#tell(cluster, noticesOfActions(done, isNew, memory.open));
    if (isNew) this.#tell(cluster, noticeOfChat(cluster));
    this.#tell(cluster, noticesOfIntents(patched, next.intents));
    const told = cluster.status?.gateways?.desiredReplicas;
    const step = isNew ? [] : noticeOfDecision(scaling.decision, scaling.current, fleet.size, told);
    const isWritten = error === undefined && !isStepOpen(open, cluster.metadata.name);
    this.#tell(cluster, memory.steps.take(step, scaling.current, fleet.size, isWritten));
    if (!isNew && workers && !open.has(objectId(workers))) this.#tell(cluster, noticeOfWorkers(scaling.workers));
    memory.open = open;
    measure(metrics, cluster, scaling, fleet, probes.latest(key));
    return written;
  }

  /** Those that are to be carried out now: what only an upgrade of the operator brings about waits for its turn. */
  #inTurn(actions: readonly Action[], cluster: ChatCluster, memory: Memory): readonly Action[] {
    const now = this.#options.clock.now();
    const rewrites = actions.filter(action => isRewrite(action, cluster));
    memory.rewriteAt =
      rewrites.length === 0 ? undefined : (memory.rewriteAt ?? this.#rewrites.reserve(rewrites.length, now));
    const isDue = memory.rewriteAt === undefined || now >= memory.rewriteAt;
    return isDue ? actions : actions.filter(action => !rewrites.includes(action));
  }

  /** While gateways are being emptied, the time between two rounds of questions would be most of the wait. */
  #askAgain(key: string): void {
    const { probes, clock } = this.#options;
    const probe = probes.latest(key);
    if (probe && clock.now() - probe.at >= ASK_AGAIN_MS) probes.refresh(key);
  }

  #tell(cluster: ChatCluster, notices: readonly Notice[]): void {
    const regarding = { ...cluster, apiVersion: API_VERSION, kind: KIND };
    for (const notice of notices) this.#options.recorder.record(regarding, notice);
  }

  #memoryOf(key: string, uid: string): Memory {
    const held = this.#memory.get(key);
    if (held?.uid === uid) return held;
    const { random, defaultImage } = this.#options;
    const repairs = new Repairs(() => this.#options.clock.now());
    const memory: Memory = {
      uid,
      scaling: newMemory(),
      failed: new FailedWrites(random),
      steps: new StepNotice(),
      repairs,
      altered: [],
      children: new Children(defaultImage, repairs),
      rewriteAt: undefined,
      open: new Set(),
    };
    this.#memory.set(key, memory);
    return memory;
  }

  #forget(key: string): void {
    this.#memory.delete(key);
    this.#reporter.forget(key);
    forgetMetrics(this.#options.metrics, key);
  }
}
