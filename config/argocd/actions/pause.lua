-- As spec.paused: stop at the next safe point. By annotation, because spec may be Git's.
obj.metadata.annotations = obj.metadata.annotations or {}
obj.metadata.annotations["ceilometer.openstack.org/pause"] = "true"
obj.metadata.annotations["ceilometer.openstack.org/resume"] = nil
return obj
