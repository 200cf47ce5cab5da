-- As spec.rollback: take the workloads back to what they were before the attempt; never the database.
obj.metadata.annotations = obj.metadata.annotations or {}
obj.metadata.annotations["ceilometer.openstack.org/rollback"] = "true"
return obj
