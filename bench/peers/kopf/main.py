"""The same ordered steps as the lower bound does, as a small operator that a Python team would write with kopf: what is known
comes from watches, what was done is derived from the objects. It has none of the operator's checks, records, claims and ways
back."""

import asyncio
import base64
import os
import ssl
import sys

import aiohttp
import kopf
import yaml

COMPONENTS = ("collector", "notification", "central", "api")
FIRST = "central"  # whose first new agent is verified before the others start
JOB = "ceilometer-upgrade"
POLLED = "Polling pollster "
REPLICAS_BEFORE = "bench.test/replicas"  # how many pods there were before they were stopped, written with the stop
LOG_INTERVAL = 0.02  # seconds
RESOURCE = ("ceilometer.openstack.org", "v1alpha1", "ceilometerupgrades")
STRATEGIC = "application/strategic-merge-patch+json"

objects = {}  # by kind, namespace and name
changes = {}  # by namespace


class Api:
    """kopf has no client for other objects than the handled one."""

    def __init__(self, path):
        with open(path) as file:
            config = yaml.safe_load(file)
        cluster = config["clusters"][0]["cluster"]
        self.server = cluster["server"]
        authority = base64.b64decode(cluster["certificate-authority-data"]).decode()
        self.tls = ssl.create_default_context(cadata=authority)
        self.headers = {
            "authorization": f"Bearer {config['users'][0]['user']['token']}",
            "user-agent": "bench-peer-kopf",
        }
        self.session = None

    async def ask(self, method, path, body=None, content_type="application/json"):
        if self.session is None:
            connector = aiohttp.TCPConnector(ssl=self.tls, limit=0)
            self.session = aiohttp.ClientSession(connector=connector, headers=self.headers)
        headers = {} if body is None else {"content-type": content_type}
        async with self.session.request(method, self.server + path, json=body, headers=headers) as response:
            response.raise_for_status()
            return await (response.text() if path.endswith("/log") else response.json())


api = Api(os.environ["KUBECONFIG"])


@kopf.on.login()
def login(**kwargs):
    return kopf.login_with_kubeconfig(**kwargs)


@kopf.on.startup()
def configure(settings, **_):
    settings.posting.enabled = False


@kopf.on.event("apps", "v1", "deployments")
@kopf.on.event("batch", "v1", "jobs")
@kopf.on.event("", "v1", "pods")
async def see(event, body, resource, namespace, name, **_):
    key = (resource.plural, namespace, name)
    if event["type"] == "DELETED":
        objects.pop(key, None)
    else:
        objects[key] = body
    changes.setdefault(namespace, asyncio.Event()).set()
    tell_when_ready()


def tell_when_ready(expected=[int(os.environ.get("BENCH_DEPLOYMENTS", "0"))]):
    if expected[0] and sum(kind == "deployments" for kind, _, _ in objects) >= expected[0]:
        expected[0] = 0
        print("ready", flush=True)


@kopf.on.create(*RESOURCE)
@kopf.on.resume(*RESOURCE)
async def upgrade(spec, namespace, **_):
    image = spec["target"]["image"]
    await migrate(namespace, image)
    for component in COMPONENTS:
        await replace(namespace, component, image)
    print("done", namespace, flush=True)


async def migrate(namespace, image):
    if ("jobs", namespace, JOB) not in objects:
        container = {"name": "upgrade", "image": image, "command": ["ceilometer-upgrade"]}
        template = {"spec": {"restartPolicy": "Never", "containers": [container]}}
        job = {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": JOB}, "spec": {"template": template}}
        await api.ask("POST", f"/apis/batch/v1/namespaces/{namespace}/jobs", job)

    def complete():
        conditions = objects.get(("jobs", namespace, JOB), {}).get("status", {}).get("conditions", ())
        return any(each["type"] == "Complete" and each["status"] == "True" for each in conditions)

    await until(namespace, complete)


async def replace(namespace, component, image):
    """Every old pod is stopped before a new one starts."""
    name = f"ceilometer-{component}"
    key = ("deployments", namespace, name)
    await until(namespace, lambda: key in objects)
    deployment = objects[key]
    spec, generation = deployment["spec"], deployment["metadata"]["generation"]
    wanted = int(deployment["metadata"].get("annotations", {}).get(REPLICAS_BEFORE, spec["replicas"]))
    replicas = spec["replicas"]
    if spec["template"]["spec"]["containers"][0]["image"] != image:
        if replicas > 0:
            wanted = replicas
            metadata = {"annotations": {REPLICAS_BEFORE: str(wanted)}}
            await patch(namespace, name, {"metadata": metadata, "spec": {"replicas": 0}})
        await until(namespace, lambda: not pods(namespace, component))
        replicas = min(wanted, 1) if component == FIRST else wanted
        containers = [{"name": name, "image": image}]
        change = {"replicas": replicas, "template": {"spec": {"containers": containers}}}
        generation = await patch(namespace, name, {"spec": change})
    await available(namespace, key, replicas, generation)
    if replicas < wanted:
        while not await polls(namespace, component):
            await asyncio.sleep(LOG_INTERVAL)
        await available(namespace, key, wanted, await patch(namespace, name, {"spec": {"replicas": wanted}}))


async def patch(namespace, name, change):
    path = f"/apis/apps/v1/namespaces/{namespace}/deployments/{name}"
    return (await api.ask("PATCH", path, change, STRATEGIC))["metadata"]["generation"]


def pods(namespace, component):
    return [
        name
        for (kind, where, name), body in objects.items()
        if kind == "pods" and where == namespace and body["metadata"].get("labels", {}).get("component") == component
    ]


async def available(namespace, key, replicas, generation):
    def holds():
        status = objects[key].get("status", {})
        counts = [status.get(name, 0) for name in ("replicas", "updatedReplicas", "availableReplicas")]
        return status.get("observedGeneration", 0) >= generation and counts == [replicas] * 3

    await until(namespace, holds)


async def polls(namespace, component):
    try:
        names = pods(namespace, component)
        return names and POLLED in await api.ask("GET", f"/api/v1/namespaces/{namespace}/pods/{names[0]}/log")
    except aiohttp.ClientResponseError as error:
        print(error, file=sys.stderr)
        return False


async def until(namespace, holds):
    """One waiter at a time in a namespace."""
    change = changes.setdefault(namespace, asyncio.Event())
    while not holds():
        change.clear()
        await change.wait()
