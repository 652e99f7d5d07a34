import type { Logger } from 'pino';
import type { Clock } from '../../server/time/clock.ts';
import { API_VERSION, type ChatCluster, KIND } from '../api/chat-cluster.ts';
import { FailedWrites } from '../apply/failed-writes.ts';
import { type Action, objectId } from '../apply/plan.ts';
import { type Alteration, Repairs } from '../apply/repairs.ts';
import { isRewrite, Rewrites } from '../apply/rewrites.ts';
import type { WriteFailure } from '../apply/write-failure.ts';
import { Writer, type Written } from '../apply/writer.ts';
import type { Probes } from '../ask/probes.ts';
import { withoutStaleAnswers } from '../autoscale/cached-answers.ts';
import { recordOf } from '../autoscale/record.ts';
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
import { type Snapshot, takeSnapshot } from '../report/snapshot.ts';
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

/** Milliseconds between two rounds of questions while gateways are being drained. */
const ASK_AGAIN_MS = 1_000;

/** State of one ChatCluster from pass to pass. */
interface Memory {
  readonly uid: string;
  readonly scaling: ScalingMemory;
  readonly failed: FailedWrites;
  readonly steps: StepNotice;
  readonly children: Children;
  readonly repairs: Repairs;
  altered: readonly Alteration[];
  /** Time reserved for rewriting its children after an upgrade of the operator; undefined while none is to be rewritten. */
  rewriteAt: number | undefined;
  /** Ids of objects that the pass before could not write. */
  open: ReadonlySet<string>;
}

/** Makes ChatClusters what their specs say. Pure functions decide, on one snapshot a pass. */
export class Reconciler {
  readonly #options: ReconcilerOptions;
  readonly #writer: Writer;
  readonly #rewrites: Rewrites;
  readonly #reporter: Reporter;
  /** State by key. A ChatCluster that is created again under the same name has another uid and starts without memory. */
  readonly #memory = new Map<string, Memory>();

  constructor(options: ReconcilerOptions) {
    this.#options = options;
    this.#writer = new Writer(options);
    this.#rewrites = new Rewrites(options.rewritesPerSecond);
    this.#reporter = new Reporter(options);
  }

  /** Runs one pass. @returns milliseconds after which another one is due @throws {Error} if it has to be repeated */
  async run(key: string): Promise<number | undefined> {
    const { caches, probes, clock } = this.#options;
    const found = caches.cluster(key);
    if (!found || found.metadata.deletionTimestamp !== undefined) {
      // The garbage collector removes the children: each has its owner's uid.
      this.#forget(key);
      // While it still exists, the same Event is recorded again and again, as one.
      if (!found) this.#options.recorder.forget(key);
      else await this.#reporter.reportDeletion(found, notices => this.#record(found, notices));
      return undefined;
    }
    const snapshot = takeSnapshot(key, found, this.#options);
    const { cluster } = snapshot;
    const memory = this.#memoryOf(key, cluster.metadata.uid);
    const { failed } = memory;
    const pass = this.#decide(snapshot, memory.scaling);
    const { objects, error, waiting } = await this.#act(pass, memory);
    const failure = this.#failureOf(cluster, waiting, failed);
    const result = { written: objects, failure, altered: memory.altered };
    const { status, againMs } = await this.#reporter.report(pass, result, notices => this.#record(cluster, notices));
    probes.pace(key, isQuiet({ spec: cluster.spec, status, plan: pass.plan, probe: snapshot.probe }));
    if (error !== undefined) throw error;
    // While gateways are being drained, the time between two rounds of questions would be most of the wait.
    if (pass.plan.againMs !== undefined) probes.refresh(key, ASK_AGAIN_MS);
    const now = clock.now();
    const rewriteMs = memory.rewriteAt === undefined ? undefined : Math.max(0, Math.ceil(memory.rewriteAt - now));
    return least(againMs, pass.plan.againMs, failed.againMs(now), rewriteMs);
  }

  #failureOf(cluster: ChatCluster, waiting: readonly string[], failed: FailedWrites): WriteFailure | undefined {
    const now = this.#options.clock.now();
    const ready = cluster.status?.conditions?.find(({ type }) => type === 'Ready');
    this.#record(cluster, noticesOfFailures(failed.news(now)));
    return writeFailure(failed.shown(now, ready?.reason === 'WriteFailing'), waiting);
  }

  #decide(snapshot: Snapshot, memory: ScalingMemory): Pass {
    const { clock, log } = this.#options;
    const { key, cluster, children, autoscalers: foreign, probe } = snapshot;
    const time = { now: clock.now(), wall: clock.wallClock() };
    const counted = memory.decidedOn;
    const fresh = probe && { ...probe, loads: withoutStaleAnswers(probe.loads, time.now) };
    const view = viewOf({ ...snapshot, probe: fresh }, memory.seen, time);
    const scaling = scale({ cluster, children, fleet: view, foreign, probe, now: time.now }, memory);
    // The same decision on the same answers is not logged again, unless it is a step.
    const { input, decision } = scaling;
    const isNews = probe !== counted || decision.replicas !== input.current;
    if (isNews && log.isLevelEnabled('debug')) log.debug({ key, decision: recordOf(input, decision) }, 'decision');
    const fleet = { ...view, size: scaling.size, sizedByOthers: scaling.sizedByOthers };
    const plan = planFleet(fleet);
    noteShort(memory.seen, plan.short, time.now);
    return { snapshot, scaling, fleet, plan };
  }

  async #act({ snapshot, scaling, fleet, plan: next }: Pass, memory: Memory): Promise<Written> {
    const { metrics } = this.#options;
    const { cluster, observed, children, pods, missingKinds, probe } = snapshot;
    const workers = workerDeployment(cluster, children);
    const knows = (kind: string) => !missingKinds.has(kind);
    const input = { cluster, observed, plan: next, fleet, workerReplicas: scaling.workers.replicas, knows };
    const { actions: planned, taken, resting, optionsVersion } = memory.children.plan(input);
    const patches = podPatches(pods.gateway, next.intents, {
      version: optionsVersion,
      selector: clientSelector(cluster, children),
      labelled: labelledRevisions(cluster, children),
      refusing: refusingOf(fleet.pods),
    });
    const actions = this.#dueNow(planned, cluster, memory);
    const { failed, repairs } = memory;
    const work = { cluster: cluster.metadata, observed, patches, actions, taken, failed, repairs };
    const written = await this.#writer.write(work);
    memory.altered = repairs.alterations(resting);
    const { done, patched, open, error } = written;
    const isNew = cluster.status?.observedGeneration === undefined;
    this.#record(cluster, noticesOfActions(done, isNew, memory.open));
    if (isNew) this.#record(cluster, noticeOfChat(cluster));
    this.#record(cluster, noticesOfIntents(patched, next.intents));
    const reported = cluster.status?.gateways?.desiredReplicas;
    const step = isNew ? [] : noticeOfDecision(scaling.decision, scaling.current, fleet.size, reported);
    const isWritten = error === undefined && !isStepOpen(open, cluster.metadata.name);
    this.#record(cluster, memory.steps.take(step, scaling.current, fleet.size, isWritten));
    if (!isNew && workers && !open.has(objectId(workers))) this.#record(cluster, noticeOfWorkers(scaling.workers));
    memory.open = open;
    measure(metrics, cluster, scaling, fleet, probe);
    return written;
  }

  /** Actions to carry out in this pass: rewrites that only an upgrade of the operator causes wait for their reserved time. */
  #dueNow(actions: readonly Action[], cluster: ChatCluster, memory: Memory): readonly Action[] {
    const now = this.#options.clock.now();
    const rewrites = actions.filter(action => isRewrite(action, cluster));
    memory.rewriteAt =
      rewrites.length === 0 ? undefined : (memory.rewriteAt ?? this.#rewrites.reserve(rewrites.length, now));
    const isDue = memory.rewriteAt === undefined || now >= memory.rewriteAt;
    return isDue ? actions : actions.filter(action => !rewrites.includes(action));
  }

  #record(cluster: ChatCluster, notices: readonly Notice[]): void {
    const regarding = { ...cluster, apiVersion: API_VERSION, kind: KIND };
    for (const notice of notices) this.#options.recorder.record(regarding, notice);
  }

  #memoryOf(key: string, uid: string): Memory {
    const known = this.#memory.get(key);
    if (known?.uid === uid) return known;
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
