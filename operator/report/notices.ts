import type { ChatCluster } from '../api/chat-cluster.ts';
import type { Condition } from '../api/kube-object.ts';
import { type Action, objectId } from '../apply/plan.ts';
import type { Decision } from '../autoscale/decide.ts';
import type { WorkerDecision } from '../autoscale/decide-workers.ts';
import { RESTART_ANNOTATION, REVISION_LABEL } from '../desired/names.ts';
import type { FleetPlan } from '../fleet/fleet.ts';
import type { PodPatch } from '../fleet/pod-patches.ts';
import { someOf } from '../process/some-of.ts';
import { ignoredIn } from './conditions.ts';

/** News about a ChatCluster for people; becomes an Event. */
export interface Notice {
  readonly type: 'Normal' | 'Warning';
  readonly reason: string;
  /** The operator's action, one CamelCase word. */
  readonly action: string;
  readonly note: string;
}

/** Paths that differ if only the number of pods or the serving revision changes: both have notices of their own. */
const STEPS = /^(spec\.replicas|spec\.selector\..*|spec\.selector\.matchLabels\..*|metadata\.annotations\..*)$/;

/** End of the JSON pointer that `kubectl rollout restart` writes to. */
const RESTARTED = '/kubectl.kubernetes.io~1restartedAt';
const HOW_TO_RESTART = `to restart gateways, with one move for each client, set the annotation ${RESTART_ANNOTATION} of the ChatCluster`;

/** True if the action takes over an object without an owner. */
function isAdoption(action: Action): boolean {
  return action.verb === 'apply' && action.paths.some(path => path.startsWith('metadata.ownerReferences'));
}

/**
 * Notices of the writes of a pass.
 * @param isNew true if the ChatCluster had no children before, so that a missing child is no repair
 * @param unmade ids of objects that could not be created until now
 */
export function noticesOfActions(
  done: readonly Action[],
  isNew: boolean,
  unmade: ReadonlySet<string> = new Set(),
): Notice[] {
  const of = (test: (action: Action) => boolean) => done.filter(test).map(action => objectId(action.object));
  const isRevision = ({ object }: Action) => object.metadata.labels?.[REVISION_LABEL] !== undefined;
  const isFirst = ({ object }: Action) => isNew || unmade.has(objectId(object));
  const missingOf = (test: (action: Action) => boolean) =>
    of(each => each.verb === 'apply' && each.cause === 'missing' && test(each));
  const created = missingOf(isFirst);
  const revisions = missingOf(each => !isFirst(each) && isRevision(each));
  const missing = missingOf(each => !isFirst(each) && !isRevision(each));
  const adopted = of(isAdoption);
  const changed = of(
    action =>
      action.verb === 'apply' &&
      action.cause === 'changed' &&
      !isAdoption(action) &&
      !action.paths.every(path => STEPS.test(path)),
  );
  const deleted = of(action => action.verb === 'delete');
  const normal = (reason: string, action: string, note: string): Notice => ({ type: 'Normal', reason, action, note });
  const notices: Notice[] = [];
  if (created.length > 0) notices.push(normal('Created', 'Create', `created ${created.join(', ')}`));
  if (missing.length > 0)
    notices.push(normal('DriftRepaired', 'Repair', `${missing.join(', ')} was missing and was created again`));
  if (revisions.length > 0) notices.push(normal('RevisionAdded', 'Create', someOf(revisions)));
  if (changed.length > 0) notices.push(normal('Updated', 'Update', `updated ${changed.join(', ')}`));
  if (adopted.length > 0)
    notices.push(
      normal('Adopted', 'Adopt', `${someOf(adopted)}: had no owner, and carried the labels of this ChatCluster`),
    );
  if (deleted.length > 0) notices.push(normal('Deleted', 'Delete', `deleted ${deleted.join(', ')}`));
  for (const action of done) {
    if (action.verb === 'apply' && action.cause === 'drifted' && !isAdoption(action))
      notices.push(normal('DriftRepaired', 'Repair', `${objectId(action.object)}: put back ${someOf(action.paths)}`));
    if (action.verb === 'prune') {
      const note = `${objectId(action.object)}: removed ${someOf(action.pointers)}, added by ${action.managers.join(', ')}`;
      if (isRevision(action) && action.pointers.some(pointer => pointer.endsWith(RESTARTED)))
        notices.push({
          type: 'Warning',
          reason: 'RestartRefused',
          action: 'Repair',
          note: `${note}; ${HOW_TO_RESTART}`,
        });
      else notices.push(normal('DriftRepaired', 'Repair', note));
    }
  }
  return notices;
}

/**
 * The notice of a step of the gateways; none without a step.
 * @param size gateways to run: not what was decided while hibernating
 * @param reported size in the status: a step that has to wait is reported once, not again with every new number
 */
export function noticeOfDecision(
  decision: Decision,
  current: number,
  size: number,
  reported: number | undefined,
): Notice[] {
  if (size === current || size === reported) return [];
  if (size === 0)
    return [{ type: 'Normal', reason: 'Hibernating', action: 'Scale', note: `gateways from ${current} to 0` }];
  // The reason is that of the direction, whatever decided the size.
  const reason = size > current ? 'ScaledUp' : 'ScaledDown';
  const note = decision.replicas === size && current > 0 ? decision.message : `from ${current} to ${size}`;
  return [{ type: 'Normal', reason, action: 'Scale', note: `gateways ${note}` }];
}

/** The notice of a ChatCluster that continues the chat of children it found. */
export function noticeOfChat({ kept, metadata, spec }: ChatCluster): Notice[] {
  if (spec.identity !== undefined || !kept || kept.identity === metadata.uid) return [];
  const note = `continues the chat ${kept.instance} of an earlier ChatCluster of this name, whose children still existed`;
  return [{ type: 'Normal', reason: 'ChatTakenOver', action: 'Create', note }];
}

/** The notice of a step of the workers, which come and go without being drained; none without a step. */
export function noticeOfWorkers({ reason, message }: WorkerDecision): Notice[] {
  const isStep = reason === 'ScaledUp' || reason === 'ScaledDown';
  return isStep ? [{ type: 'Normal', reason, action: 'Scale', note: `workers ${message}` }] : [];
}

/** Notices of gateways whose intent changed. @param patched pods that were written */
export function noticesOfIntents(patched: readonly PodPatch[], intents: FleetPlan['intents']): Notice[] {
  const changed = new Map<string, string[]>();
  for (const { pod } of patched) {
    const { name } = pod.metadata;
    if (!intents.has(name)) continue;
    const intent = intents.get(name);
    const what = intent ? `${intent.keep === undefined ? 'Closing' : 'Draining'}/${intent.reason}` : 'Reopened/';
    changed.set(what, [...(changed.get(what) ?? []), name]);
  }
  return [...changed].map(([what, names]) => {
    const [reason = '', cause = ''] = what.split('/');
    return {
      type: 'Normal',
      reason,
      action: 'Drain',
      note: `${someOf(names)}: ${INTENT_NOTES[reason] ?? ''}${cause && ` (${cause})`}`,
    };
  });
}

const INTENT_NOTES: Readonly<Record<string, string>> = {
  Closing: 'takes no new clients',
  Draining: 'clients are moved in waves',
  Reopened: 'takes clients again',
};

const WRITING: ReadonlySet<string> = new Set(['NameTaken', 'Refused', 'WriteFailing']);
const STARTING = new Set(['GatewaysNotReady', 'WorkersNotReady', 'NotAskedYet', 'NoWorkerAnswers']);

/** Notices of the changes between two sets of conditions. */
export function noticesOfConditions(before: readonly Condition[], after: readonly Condition[]): Notice[] {
  const notices = after.flatMap((condition): Notice[] => {
    const was = before.find(old => old.type === condition.type);
    const note = condition.message;
    const warning = (reason: string): Notice[] => [{ type: 'Warning', reason, action: 'Observe', note }];
    const normal = (reason: string): Notice[] => [{ type: 'Normal', reason, action: 'Observe', note }];
    const changed = was?.status !== condition.status;
    switch (condition.type) {
      case 'Ready':
        if (condition.status === 'True') return changed && condition.reason !== 'Hibernating' ? normal('Ready') : [];
        // Each object has a notice of its own, also at the start.
        if (WRITING.has(condition.reason)) return [];
        if (was?.reason === condition.reason && !changed) return [];
        // Reasons of a start are no news, nor those of waking up. Any other new reason is, also the first one.
        return STARTING.has(condition.reason) && (was?.status !== 'True' || was.reason === 'Hibernating')
          ? []
          : warning(condition.reason);
      case 'MessagingReachable':
      case 'StoreReachable':
        if (!changed || condition.status === 'Unknown') return [];
        return condition.status === 'False'
          ? warning(condition.type.replace('Reachable', 'Unreachable'))
          : was?.status === 'False'
            ? normal(condition.type)
            : [];
      case 'StreamsHaveRoom':
        // A stream that fills again and again must not warn each time: only the worst reason is a warning.
        if (!was || was.reason === condition.reason) return [];
        if (condition.reason === 'NearlyFull') return warning('StreamsNearlyFull');
        if (condition.reason === 'FoldLate') return warning('FoldLate');
        if (condition.reason === 'WindowShortened') return was.status === 'True' ? normal('HotWindowShortened') : [];
        return [];
      case 'Durable':
        if (!changed || condition.status === 'Unknown') return [];
        if (condition.status === 'True') return was?.status === 'False' ? normal(condition.reason) : [];
        // A set-up for development starts with one copy; a loss of copies later is a warning.
        return was?.status === 'True' ? warning(condition.reason) : normal(condition.reason);
      case 'FeaturesOffered':
        if (!changed || condition.status === 'Unknown') return [];
        if (condition.status === 'False') return warning(condition.reason);
        return was?.status === 'False' ? normal(condition.reason) : [];
      case 'PodsStable':
      case 'SettingsInForce':
        return was && was.reason !== condition.reason && condition.status === 'False' ? warning(condition.reason) : [];
      case 'Progressing': {
        if (!was || was.reason === condition.reason) return [];
        if (condition.reason === 'Stopped') return warning('RolloutStopped');
        // With a single revision other conditions report it.
        if (condition.reason === 'NoneReady') return [];
        // Only a rollout moves clients, or waits for gateways to be deleted.
        if (condition.reason === 'Complete')
          return was.reason === 'NoneReady' || was.reason === 'Spreading' ? [] : normal('RolloutComplete');
        const begins = was.reason === 'Complete' || was.reason === 'NoneReady';
        return begins || condition.reason === 'Held' ? normal(`Rollout${condition.reason}`) : [];
      }
      case 'ScalingActive': {
        const ignored = ignoredIn(note);
        if (ignored !== '' && ignored !== ignoredIn(was?.message))
          return [{ type: 'Warning', reason: 'ScaleIgnored', action: 'Observe', note: ignored.slice(2) }];
        if (!was || was.reason === condition.reason) return [];
        if (condition.reason === 'LoadUnknown' || condition.reason === 'AtMaximum') return warning(condition.reason);
        return condition.reason === 'Collapsed' || condition.reason === 'Held' ? normal(condition.reason) : [];
      }
      case 'TemplatesCurrent':
        return condition.status === 'False' && changed ? normal('UpdateAvailable') : [];
      case 'ChildrenAsWritten':
        if (condition.status === 'True' || was?.reason === condition.reason) return [];
        return condition.reason === 'Contested' ? warning('Contested') : normal('Mutated');
      default:
        return [];
    }
  });
  // Ready repeats the reason of another condition.
  return notices.filter((notice, at) => notices.findIndex(({ reason }) => reason === notice.reason) === at);
}
