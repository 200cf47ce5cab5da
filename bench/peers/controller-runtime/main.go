// The same ordered steps as the lower bound does, as a small operator that a Go team would write: cached reads, one reconciler,
// what was done is derived from the objects. It has none of the operator's checks, records, claims, status and ways back.
package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/config"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"
	"sigs.k8s.io/controller-runtime/pkg/metrics/server"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
)

const (
	resource = "ceilometer" // the name of every resource in this benchmark
	job      = "ceilometer-upgrade"
	first    = "central" // whose first new agent is verified before the others start
	polled   = "Polling pollster "
	// How many pods there were before they were stopped, written with the stop.
	replicasBefore = "bench.test/replicas"
	logInterval    = 20 * time.Millisecond
)

var components = []string{"collector", "notification", first, "api"}

type reconciler struct {
	client.Client
	logs kubernetes.Interface
	told sync.Map // namespaces whose end was said
}

func (r *reconciler) Reconcile(ctx context.Context, request reconcile.Request) (reconcile.Result, error) {
	result, err := r.upgrade(ctx, request.NamespacedName)
	// The object was not what the cache says: its event is on the way.
	if apierrors.IsConflict(err) || apierrors.IsAlreadyExists(err) {
		return reconcile.Result{}, nil
	}
	return result, err
}

func (r *reconciler) upgrade(ctx context.Context, key types.NamespacedName) (reconcile.Result, error) {
	upgrade := newUpgrade()
	if err := r.Get(ctx, key, upgrade); err != nil {
		return reconcile.Result{}, client.IgnoreNotFound(err)
	}
	image, _, err := unstructured.NestedString(upgrade.Object, "spec", "target", "image")
	if err != nil {
		return reconcile.Result{}, err
	}
	if done, err := r.migrate(ctx, key.Namespace, image); err != nil || !done {
		return reconcile.Result{}, err
	}
	for _, component := range components {
		result, done, err := r.replace(ctx, key.Namespace, component, image)
		if err != nil || !done {
			return result, err
		}
	}
	if _, again := r.told.LoadOrStore(key.Namespace, true); !again {
		fmt.Println("done", key.Namespace)
	}
	return reconcile.Result{}, nil
}

// Whether the Job has finished; it is created when it is missing.
func (r *reconciler) migrate(ctx context.Context, namespace, image string) (bool, error) {
	found := &batchv1.Job{}
	err := r.Get(ctx, types.NamespacedName{Namespace: namespace, Name: job}, found)
	if apierrors.IsNotFound(err) {
		container := corev1.Container{Name: "upgrade", Image: image, Command: []string{"ceilometer-upgrade"}}
		spec := corev1.PodSpec{RestartPolicy: corev1.RestartPolicyNever, Containers: []corev1.Container{container}}
		return false, r.Create(ctx, &batchv1.Job{
			ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: job},
			Spec:       batchv1.JobSpec{Template: corev1.PodTemplateSpec{Spec: spec}},
		})
	}
	complete := func(each batchv1.JobCondition) bool {
		return each.Type == batchv1.JobComplete && each.Status == corev1.ConditionTrue
	}
	return slices.ContainsFunc(found.Status.Conditions, complete), err
}

// Whether a component runs the image: every old pod is stopped before a new one starts.
func (r *reconciler) replace(ctx context.Context, namespace, component, image string) (reconcile.Result, bool, error) {
	wait := reconcile.Result{}
	deployment := &appsv1.Deployment{}
	name := types.NamespacedName{Namespace: namespace, Name: "ceilometer-" + component}
	if err := r.Get(ctx, name, deployment); err != nil {
		return wait, false, err
	}
	container := &deployment.Spec.Template.Spec.Containers[0]
	before := deployment.DeepCopy()
	patch := func() (reconcile.Result, bool, error) {
		lock := client.MergeFromWithOptimisticLock{}
		return wait, false, r.Patch(ctx, deployment, client.StrategicMergeFrom(before, lock))
	}
	if container.Image != image {
		if *deployment.Spec.Replicas > 0 {
			metav1.SetMetaDataAnnotation(&deployment.ObjectMeta, replicasBefore, strconv.Itoa(int(*deployment.Spec.Replicas)))
			deployment.Spec.Replicas = new(int32)
			return patch()
		}
		pods, err := r.pods(ctx, namespace, component)
		if err != nil || len(pods) > 0 {
			return wait, false, err
		}
		container.Image = image
		start := wanted(deployment)
		if component == first {
			start = min(start, 1)
		}
		deployment.Spec.Replicas = &start
		return patch()
	}
	replicas, status := *deployment.Spec.Replicas, deployment.Status
	if status.ObservedGeneration < deployment.Generation || status.Replicas != replicas ||
		status.UpdatedReplicas != replicas || status.AvailableReplicas != replicas {
		return wait, false, nil
	}
	if all := wanted(deployment); replicas < all {
		verified, err := r.polls(ctx, namespace, component)
		if err != nil || !verified {
			return reconcile.Result{RequeueAfter: logInterval}, false, err
		}
		deployment.Spec.Replicas = &all
		return patch()
	}
	return wait, true, nil
}

func wanted(deployment *appsv1.Deployment) int32 {
	count, err := strconv.ParseInt(deployment.Annotations[replicasBefore], 10, 32)
	if err != nil {
		return *deployment.Spec.Replicas
	}
	return int32(count)
}

func (r *reconciler) pods(ctx context.Context, namespace, component string) ([]corev1.Pod, error) {
	pods := &corev1.PodList{}
	err := r.List(ctx, pods, client.InNamespace(namespace), client.MatchingLabels{"component": component})
	return pods.Items, err
}

func (r *reconciler) polls(ctx context.Context, namespace, component string) (bool, error) {
	pods, err := r.pods(ctx, namespace, component)
	if err != nil || len(pods) == 0 {
		return false, err
	}
	text, err := r.logs.CoreV1().Pods(namespace).GetLogs(pods[0].Name, &corev1.PodLogOptions{}).DoRaw(ctx)
	return err == nil && bytes.Contains(text, []byte(polled)), nil
}

func newUpgrade() *unstructured.Unstructured {
	upgrade := &unstructured.Unstructured{}
	upgrade.SetGroupVersionKind(schema.GroupVersionKind{
		Group: "ceilometer.openstack.org", Version: "v1alpha1", Kind: "CeilometerUpgrade",
	})
	return upgrade
}

func run() error {
	namespaces := flag.String("namespaces", "", "watch these alone, separated by commas")
	flag.Parse()
	log.SetLogger(zap.New())
	access, err := config.GetConfig()
	if err != nil {
		return err
	}
	access.UserAgent = "bench-peer-go"
	access.QPS = -1 // the client's own limit of 20 requests a second would be measured instead
	watched := cache.Options{DefaultNamespaces: map[string]cache.Config{}}
	for _, namespace := range strings.FieldsFunc(*namespaces, func(r rune) bool { return r == ',' }) {
		watched.DefaultNamespaces[namespace] = cache.Config{}
	}
	manager, err := ctrl.NewManager(access, ctrl.Options{
		Cache: watched,
		// Objects without a Go type are asked for each time otherwise.
		Client:  client.Options{Cache: &client.CacheOptions{Unstructured: true}},
		Metrics: server.Options{BindAddress: "0"},
	})
	if err != nil {
		return err
	}
	logs, err := kubernetes.NewForConfig(access)
	if err != nil {
		return err
	}
	itsUpgrade := handler.EnqueueRequestsFromMapFunc(func(_ context.Context, object client.Object) []reconcile.Request {
		key := types.NamespacedName{Namespace: object.GetNamespace(), Name: resource}
		return []reconcile.Request{{NamespacedName: key}}
	})
	r := &reconciler{Client: manager.GetClient(), logs: logs}
	err = ctrl.NewControllerManagedBy(manager).Named("upgrade").For(newUpgrade()).
		Watches(&appsv1.Deployment{}, itsUpgrade).Watches(&batchv1.Job{}, itsUpgrade).Watches(&corev1.Pod{}, itsUpgrade).
		Complete(r)
	if err != nil {
		return err
	}
	ctx := ctrl.SetupSignalHandler()
	go func() {
		if manager.GetCache().WaitForCacheSync(ctx) {
			fmt.Println("ready")
		}
	}()
	return manager.Start(ctx)
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
