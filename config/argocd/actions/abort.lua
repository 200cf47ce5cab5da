-- As spec.abort: stop now, and write nothing more until a retry is asked for.
obj.metadata.annotations = obj.metadata.annotations or {}
obj.metadata.annotations["ceilometer.openstack.org/abort"] = "true"
return obj
