/** The reasons that conditions, steps and Events give, with what each asks of people. They are API: people alert on them. */
import { STEERING_REASONS } from "./steering-reasons.ts";

export interface Reason {
  readonly meaning: string;
  readonly remedy: string;
}
const nothing = "Nothing: the upgrade goes on by itself.";

/** Every reason that a condition, a step or an Event can give. A test finds each in the code, and each of the code here. */
export const REASONS = {
  ...STEERING_REASONS,
  // The whole
  Completed: { meaning: "Every component was brought to the target.", remedy: "Nothing." },
  NoChange: { meaning: "Every workload runs the target already; nothing was written.", remedy: "Nothing." },
  Progressing: { meaning: "The upgrade is under way.", remedy: nothing },
  Waiting: { meaning: "A step has not been reached yet.", remedy: nothing },
  NotApplicable: { meaning: "This resource has no such component.", remedy: "Nothing." },
  Passed: { meaning: "Every check before the first write has passed.", remedy: "Nothing." },
  Running: { meaning: "Not paused.", remedy: "Nothing." },
  NotDrifted: { meaning: "The workloads are as the upgrade left them.", remedy: "Nothing." },
  Drifted: {
    meaning: "Somebody took a workload off the target after the upgrade had completed.",
    remedy: "Bring it back, or raise spec.retryAttempt to let the operator do so.",
  },
  Planned: {
    meaning: "The plan is in status.plan; nothing is written while spec.mode is Plan.",
    remedy: "Read the plan, then set spec.mode to Apply.",
  },
  Deleting: { meaning: "The resource is being deleted.", remedy: "Nothing." },
  OperatorRemoved: {
    meaning: "The operator was removed while an attempt was under way; what it had borrowed was given back.",
    remedy: "Install the operator again, and it goes on; or delete the resource, which nothing holds any more.",
  },
  InvalidSpec: {
    meaning: "The stored resource does not fit the schema of this operator.",
    remedy: "Correct the field that the message names.",
  },
  Unreadable: {
    meaning: "Something could not be read from the API server; nothing is decided until it can.",
    remedy: "Look at the API server and at the operator's rights; the upgrade goes on by itself.",
  },
  WriteRefused: {
    meaning: "The API server refused a write of the operator.",
    remedy: "Correct what the message names: a right, an admission policy, a quota.",
  },
  WriteFailing: {
    meaning: "A write of the operator has failed for minutes, and nobody knows whether it was made.",
    remedy:
      "Look whether an admission webhook does not answer, then at the API server and the operator's account; it is tried on.",
  },
  InternalError: {
    meaning: "The operator made a mistake in deciding; it does nothing and tries again.",
    remedy: "Report it with the operator's log; another version of the operator goes on from here.",
  },
  // Before the first write
  Checking: { meaning: "Questions are being asked before anything is written.", remedy: nothing },
  TargetNotFound: {
    meaning: "A workload that the resource names does not exist.",
    remedy: "Create it, correct the name, or drop the target.",
  },
  TargetAmbiguous: { meaning: "A selector matches several workloads.", remedy: "Name one of them." },
  ContainerNotFound: {
    meaning: "No container of the workload looks like the agent.",
    remedy: "Set the target's container.",
  },
  TargetClaimed: {
    meaning: "Another resource works on the workload.",
    remedy: "Wait until that one has ended, or delete it.",
  },
  WorkloadPaused: {
    meaning: "The Deployment is paused, and starts old pods and replaces none.",
    remedy: "Resume its rollout.",
  },
  PartitionedStatefulSet: {
    meaning: "The update partition would bring old pods back.",
    remedy: "Set the partition to 0.",
  },
  OwnedByController: {
    meaning: "Another controller reconciles the workload and would take back every change.",
    remedy: "Upgrade Ceilometer through that controller.",
  },
  SharedPod: {
    meaning: "One workload runs the agents of two components.",
    remedy: "Name it once, or give each agent a workload of its own.",
  },
  AutoscalerMinimum: {
    meaning: "An autoscaler would start a second agent while the first is verified.",
    remedy: "Lower its minimum to 1 until the upgrade has ended.",
  },
  NoAgentRuns: {
    meaning: "A DaemonSet of polling agents wants pods and has none, so no host can be chosen for the first new agent.",
    remedy: "See why its pods are not created.",
  },
  ImageRewritten: {
    meaning: "The workload's pods run another image than its template names, so none would be known to run the target.",
    remedy: "Name images as pods get them, or exempt the namespace from the admission webhook that rewrites them.",
  },
  SelectorUnsupported: {
    meaning: "The workload's selector has no matchLabels, so its pods cannot be told from others.",
    remedy: "Recreate the workload with a selector of matchLabels.",
  },
  ReleaseUnknown: {
    meaning: "The release of an image or of the target is not known.",
    remedy: "Annotate the workload with ceilometer.openstack.org/release, or set spec.from.release.",
  },
  ReleaseContradiction: {
    meaning: "spec.from.release and the workload say different releases.",
    remedy: "Correct or drop spec.from.release.",
  },
  Downgrade: { meaning: "The target is older than what runs.", remedy: "Set a target that is not older." },
  ComponentAbsent: {
    meaning: "spec.only names a component that the resource does not have.",
    remedy: "Add it to spec.components, or take it out of spec.only.",
  },
  ComponentRemoved: {
    meaning: "The target release has no such component.",
    remedy: "Set retire: true, or drop the component.",
  },
  ComponentNotRemoved: {
    meaning: "The target release still has the component that is to retire.",
    remedy: "Drop retire.",
  },
  ImageNotAllowed: {
    meaning: "The operator may not run this image.",
    remedy: "Use an allowed repository, or add a prefix to images.allowed of the chart.",
  },
  ConfigurationMissing: {
    meaning: "A configuration file that the resource names does not exist.",
    remedy: "Create the object or its key.",
  },
  ConfigurationInvalid: {
    meaning: "Ceilometer would not take the configuration file as it is meant.",
    remedy: "Correct the line that the message names.",
  },
  PluginUnknown: {
    meaning: "A pipeline names a publisher or a transformer that is not Ceilometer's own.",
    remedy: "Correct the name, or accept it by name where a package in the image brings it.",
  },
  SecretNotReadable: {
    meaning: "The operator may not read the Secret.",
    remedy: "Add its name to secrets of the chart.",
  },
  SecretMutable: {
    meaning: "The Secret can change under the agents that mount it.",
    remedy: "Make it immutable, under a name of its own for each content.",
  },
  VerificationBlind: {
    meaning: "The verification cannot see success on the old agents that run.",
    remedy: "Let the agents log to standard error at level INFO, or choose another verification.",
  },
  TemplateNotFound: { meaning: "The template of a Job does not exist.", remedy: "Create it, or correct the name." },
  TemplateNotAllowed: {
    meaning: "The Job or CronJob does not allow itself to be used as a template.",
    remedy: "Annotate it with ceilometer.openstack.org/allow-job-from=true.",
  },
  Forbidden: {
    meaning: "The operator's ServiceAccount lacks a right.",
    remedy: "Install the chart's RBAC for the namespace.",
  },
  // What a partial upgrade asks before the first write
  UpdateOnDelete: {
    meaning: "The workload replaces pods only when somebody deletes them, so nothing would roll.",
    remedy: "Set its update strategy to RollingUpdate, or use strategy: Full.",
  },
  PipelineDiffers: {
    meaning: "Old and new notification agents would share their work on different pipelines.",
    remedy:
      "Give both pipeline files in spec.target.config, or set reload: Merge; else the old agents are loaded first.",
  },
  PipelineUnknown: {
    meaning: "It cannot be known which pipelines notification agents load.",
    remedy: "Give the file in an immutable ConfigMap or Secret that the operator may read.",
  },
  PipelinesMixed: {
    meaning: "While old and new agents run side by side, messages go through either pipeline.",
    remedy: "Nothing is lost; change the pipeline after the upgrade to avoid it.",
  },
  DrainNotConfigured: {
    meaning: "Internal queues have to be emptied, and the resource does not say how.",
    remedy: "Set spec.components.notification.drain.",
  },
  CollectorQueueUnseen: {
    meaning: "A collector is to retire, and nothing shows that its queues are empty by then.",
    remedy: "Add a gate before the collector that sees them empty, or accept it by name in spec.acceptedRisks.",
  },
  DrainNotConfirmed: {
    meaning: "Nothing shows that the internal queues are empty.",
    remedy: "Look at the broker, and acknowledge it for this plan.",
  },
  ProviderUnknown: {
    meaning: "A gate names a provider that the operator is not configured with.",
    remedy: "Configure it with the operator (providers of the chart), or correct the name.",
  },
  ConfigurationUnknown: {
    meaning: "What polling agents poll cannot be read, so they are upgraded where they never meet.",
    remedy: "Let the operator read the object.",
  },
  PollstersUnknown: {
    meaning: "The catalogue does not know the polling namespace or the release.",
    remedy: "Name its pollsters in newPollsters.catalogue, or list what is new.",
  },
  OriginalForgotten: {
    meaning: "A file that an attempt derived is still mounted, and the record of what was there before is gone.",
    remedy: "Mount what the agents are to poll, or name their polling file in spec.target.config.",
  },
  OverlayImpossible: {
    meaning: "An agent cannot be given the file or the group that an upgrade beside old agents needs.",
    remedy: "Do what the message says, or let the workload be replaced without overlap.",
  },
  DefinitionRemoved: {
    meaning: "The new agents' definitions lack one that the old ones have.",
    remedy: "Keep the definition, or accept its removal by name in spec.acceptedRisks.",
  },
  DefinitionAltered: {
    meaning: "The new agents' definitions change one that the old ones have.",
    remedy: "Add a definition under a new name instead, or accept the change by name in spec.acceptedRisks.",
  },
  DefinitionUnknown: {
    meaning: "The definitions that the old agents have cannot be read, so nobody can say what the new ones drop.",
    remedy: "Let the operator read them, or compare them yourself and accept it in spec.acceptedRisks.",
  },
  AcceptedRiskExpired: {
    meaning: "An accepted risk has expired and holds again.",
    remedy: "Look at it again; set a new expiry or mend it.",
  },
  AcceptedRiskUnused: { meaning: "An accepted risk matches nothing.", remedy: "Remove it, or correct its object." },
  NewKindOnOldQueue: {
    meaning: "The new pipeline sends a new kind of data onto a queue that old consumers read.",
    remedy: "Give it a topic of its own.",
  },
  OptionRemoved: {
    meaning: "The agents' configuration sets an option that the target release does not have.",
    remedy: "Do what the message says, and remove the option.",
  },
  AskingImage: { meaning: "A Job asks the target image which pollsters it has.", remedy: nothing },
  AskedLater: {
    meaning:
      "Which pollsters are new is asked of the image when the upgrade is applied; the plan goes by the catalogue.",
    remedy: "Nothing.",
  },
  // Bookkeeping
  Holding: { meaning: "The resource got its finalizer.", remedy: nothing },
  CopyingConfiguration: { meaning: "An immutable copy of a configuration file was made.", remedy: nothing },
  AttemptStarted: { meaning: "The attempt record was written.", remedy: nothing },
  Replanned: { meaning: "The wish has changed, and another plan takes over.", remedy: nothing },
  Claiming: { meaning: "A workload is claimed for the attempt.", remedy: nothing },
  Releasing: { meaning: "A workload is let go.", remedy: nothing },
  LettingGo: { meaning: "The finalizer is removed.", remedy: nothing },
  AttemptEnded: { meaning: "The attempt record says that the attempt has ended.", remedy: nothing },
  GivingBack: { meaning: "What was borrowed is given back.", remedy: nothing },
  WaitingForJob: { meaning: "A Job still runs and is not torn off.", remedy: nothing },
  // The steps
  DatabaseSkipped: { meaning: "The resource says that there is no storage.", remedy: "Nothing." },
  DatabaseUpgraded: { meaning: "The database is upgraded.", remedy: "Nothing." },
  MigratingDatabase: { meaning: "The migration Job runs.", remedy: nothing },
  DatabaseUpgradeFailed: {
    meaning: "The migration Job failed.",
    remedy: "Read its log, mend the cause, raise spec.retryAttempt.",
  },
  BackingUp: { meaning: "A backup runs before the migration.", remedy: nothing },
  BackupFailed: { meaning: "The backup failed.", remedy: "Read its log, mend the cause, raise spec.retryAttempt." },
  NameTaken: {
    meaning: "Somebody else's object has the name of one of ours.",
    remedy: "Delete or rename that object.",
  },
  Rolling: { meaning: "New pods come up beside old ones, within the budget of the workload.", remedy: nothing },
  RemovingUnready: {
    meaning: "A pod of a StatefulSet that never becomes ready is removed, because its template was corrected.",
    remedy: nothing,
  },
  WaitingForMembers: { meaning: "The coordination group still counts agents that are gone.", remedy: nothing },
  WaitingForEmptyQueues: {
    meaning: "The intake of the notification agents is off until their internal queues are empty.",
    remedy: "Nothing, unless the queues do not empty: look at the agents' logs and at the broker.",
  },
  Loading: { meaning: "The logs of new agents are read for what they could not load.", remedy: nothing },
  NotLoaded: {
    meaning: "A new agent runs and has not loaded all of its configuration, so it loses data.",
    remedy: "Correct the file or what it names, and restart the agent.",
  },
  Isolating: { meaning: "A polling group of its own starts with exactly the new pollsters.", remedy: nothing },
  RetiringIsolated: { meaning: "The isolated group stops before the others poll its pollsters.", remedy: nothing },
  Widening: { meaning: "The polling agents get the whole polling file.", remedy: nothing },
  RemovingIsolated: { meaning: "The isolated group and the derived files are removed.", remedy: nothing },
  LeftForLater: {
    meaning: "spec.only leaves the component for later.",
    remedy: "Add it to spec.only, or drop spec.only.",
  },
  CompletedInPart: {
    meaning:
      "The components of spec.only were brought to the target; the others still run the old release. After a revert: what no attempt that was undone had touched stays where it is.",
    remedy: "Extend or drop spec.only to upgrade the rest. After a revert: bring the rest back by hand.",
  },
  TakingDown: { meaning: "Old pods are being shut down.", remedy: nothing },
  WaitingForOldPods: { meaning: "Old pods are not gone yet.", remedy: nothing },
  Starting: { meaning: "New pods are started.", remedy: nothing },
  StartingFirst: { meaning: "The first new polling agent is started.", remedy: nothing },
  StartingRest: { meaning: "The other new polling agents are started.", remedy: nothing },
  WaitingForNewPods: { meaning: "New pods are not available yet.", remedy: nothing },
  Retrying: { meaning: "The step that failed is tried again, as spec.retryAttempt asks.", remedy: nothing },
  Verifying: { meaning: "It is being verified that data is polled again.", remedy: nothing },
  VerificationFailed: {
    meaning: "The first new agent does not poll.",
    remedy: "Read its log; correct its configuration or the cloud. The others stay down until it passes.",
  },
  VerificationInconclusive: {
    meaning: "Nothing shows whether the first new agent polls.",
    remedy: "Look whether its host has resources at all; choose another verification if it cannot have.",
  },
  Upgraded: { meaning: "Every pod of the component runs the target.", remedy: "Nothing." },
  Retiring: { meaning: "A component that the target does not have is scaled to zero.", remedy: nothing },
  Retired: { meaning: "The component is kept at zero.", remedy: "Delete its workloads when you like." },
  // Pods that do not come up
  ImagePullBackOff: {
    meaning: "An image cannot be pulled.",
    remedy: "Correct the image, or make the registry reachable.",
  },
  CrashLoopBackOff: { meaning: "A new pod keeps crashing.", remedy: "Read the log of its previous run." },
  ContainerCannotStart: {
    meaning: "A container lacks something that it refers to.",
    remedy: "Supply the ConfigMap, Secret, key or volume.",
  },
  Unschedulable: {
    meaning: "No host takes a new pod.",
    remedy: "Make room, or correct selector, tolerations or resources.",
  },
  PodsCannotBeCreated: { meaning: "Quota or admission refuses new pods.", remedy: "Raise the quota." },
  JobSuspended: {
    meaning: "Somebody has suspended a Job of the upgrade, so that it makes no pods.",
    remedy: "See who suspended it, and set its spec.suspend to false.",
  },
  HostUnreachable: {
    meaning: "A pod was told to stop and nobody says that it has.",
    remedy: "Bring the host back, or delete its Node object once it is surely off.",
  },
  ProgressDeadlineExceeded: {
    meaning: "A step takes longer than its deadline.",
    remedy: "Look at the pods it waits for; the upgrade goes on by itself.",
  },
  Contested: {
    meaning: "Somebody keeps taking a workload off the target.",
    remedy: "Make that writer agree with the target, then raise spec.retryAttempt.",
  },
  Held: { meaning: "Somebody has to do something.", remedy: "Read the message." },
} as const satisfies Readonly<Record<string, Reason>>;
