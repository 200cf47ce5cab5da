"""A cloud for Ceilometer's real pollsters to poll, without Keystone, Nova or libvirt.

Found by agents whose PYTHONPATH begins with this folder: its entry points stand before Ceilometer's own, and the polling
manager takes the first discovery of a name (`ceilometer/polling/manager.py`, `_discoverer`). Pollsters are Ceilometer's own,
every one of them; only what tells them which resources there are, and what a hypervisor measures, is pretended.
"""
import json

from ceilometer.compute.virt import inspector
from ceilometer.polling import plugin_base
from oslo_log import log
from oslo_messaging.notify import notifier

LOG = log.getLogger(__name__)


class Resource:
    """What an API would answer. A hash ring divides resources by their text, so that is their identifier."""

    def __init__(self, identifier, **fields):
        self.id = identifier
        self.__dict__.update(fields)

    def __str__(self):
        return self.id

    def __getitem__(self, name):
        return getattr(self, name)

    def __contains__(self, name):
        return hasattr(self, name)

    def get(self, name, default=None):
        return getattr(self, name, default)


class Discovery(plugin_base.DiscoveryBase):
    """Every agent finds the same; what is its own, the ring of its group decides. The group is `global`, as for the real."""

    def discover(self, manager, param=None):
        return []


class Nothing(Discovery):
    """A service with nothing in it, for what cannot be asked without the service's own API."""


def _volume(number):
    return Resource(
        f"volume-{number}", name="v", status="in-use", volume_type="t", volume_type_id="t1", availability_zone="z",
        migration_status=None, attachments=[], snapshot_id=None, source_volid=None, size=1, user_id="u",
        **{"os-vol-host-attr:host": "h", "os-vol-tenant-attr:tenant_id": "p"})


class Volumes(Discovery):
    def discover(self, manager, param=None):
        return [_volume(number) for number in range(24)]


class VolumePools(Discovery):
    """Asked by the pollsters that 2025.2 added."""

    def discover(self, manager, param=None):
        return [
            Resource(
                f"pool-{number}", name=f"pool-{number}", pool_name="p", total_capacity_gb=9, free_capacity_gb=5,
                provisioned_capacity_gb=4, allocated_capacity_gb=4, reserved_percentage=0,
                thin_provisioning_support=False)
            for number in range(24)
        ]


class FloatingIPs(Discovery):
    def discover(self, manager, param=None):
        return [
            Resource(
                f"ip-{number}", status="ACTIVE", user_id="u", tenant_id="p", router_id="r", floating_network_id="n",
                fixed_ip_address="10.0.0.1", port_id="q", floating_ip_address="198.51.100.1")
            for number in range(24)
        ]


class Alarms(Discovery):
    """Asked by a pollster that 2025.2 added, which looks at the first answer only."""

    def discover(self, manager, param=None):
        count = {"project_id": "p", "alarm_id": "alarm-0", "state_counters": {"ok": 1}}
        return [Resource("alarm-metrics", evaluation_results=[count])]


class Instances(Discovery):
    """The instances of the agent's own host, and so is their group."""

    def discover(self, manager, param=None):
        # The option that names an inspector accepts libvirt alone, and every pollster took its own when it was made.
        for extension in manager.extensions:
            if hasattr(extension.obj, "inspector"):
                extension.obj.inspector = Hypervisor(self.conf)
        flavor = {"name": "f", "vcpus": 1, "ram": 1, "disk": 2, "ephemeral": 1}
        return [
            Resource(
                f"{self.conf.host}-instance-{number}", name="i", flavor=flavor, image=None, hostId="h", status="active",
                metadata={}, user_id="u", tenant_id="p", **{"OS-EXT-SRV-ATTR:instance_name": f"instance-{number}"})
            for number in range(3)
        ]

    @property
    def group_id(self):
        return self.conf.host


class Hypervisor(inspector.Inspector):
    """Everything measured is 1."""

    def inspect_instance(self, instance, duration):
        return inspector.InstanceStats(**dict.fromkeys(inspector.InstanceStats.fields, 1))

    def inspect_vnics(self, instance, duration):
        yield _ones(inspector.InterfaceStats, name="nic", mac="m", fref=None, parameters={})

    def inspect_vnic_rates(self, instance, duration):
        yield _ones(inspector.InterfaceRateStats, name="nic", mac="m", fref=None, parameters={})

    def inspect_disks(self, instance, duration):
        yield _ones(inspector.DiskStats, device="vda")

    def inspect_disk_info(self, instance, duration):
        yield _ones(inspector.DiskInfo, device="vda")


def _ones(kind, **fields):
    return kind(**{**dict.fromkeys(kind._fields, 1), **fields})


class Printed(notifier.Driver):
    """In place of the message bus: what the agent sends is printed, one line a message."""

    def notify(self, ctxt, message, priority, retry):
        samples = [[sample["counter_name"], sample["resource_id"]] for sample in message["payload"]["samples"]]
        LOG.info("Sent %s", json.dumps(samples))
