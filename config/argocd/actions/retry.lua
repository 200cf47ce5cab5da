-- As one more in spec.retryAttempt: try again what failed, was aborted, or has drifted.
obj.metadata.annotations = obj.metadata.annotations or {}
obj.metadata.annotations["ceilometer.openstack.org/retry"] = "true"
return obj
