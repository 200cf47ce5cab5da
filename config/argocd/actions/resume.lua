-- Ends a pause, however it was asked for. Where Git itself says `paused: true`, only Git ends it for good.
obj.metadata.annotations = obj.metadata.annotations or {}
obj.metadata.annotations["ceilometer.openstack.org/resume"] = "true"
obj.metadata.annotations["ceilometer.openstack.org/pause"] = nil
if obj.spec ~= nil and obj.spec.paused == true then
  obj.spec.paused = false
end
return obj
