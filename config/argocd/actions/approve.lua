-- Approves what the resource waits for now, of this plan and no other, as an entry of spec.approved would.
local status = obj.status or {}
local component = nil
for _, step in ipairs(status.steps or {}) do
  if step.blockedBy ~= nil and step.blockedBy.reason == "AwaitingApproval" then
    component = step.name
  end
end
for _, condition in ipairs(status.conditions or {}) do
  if condition.type == "AwaitingApproval" and condition.status == "True" then
    component = component or status.step
  end
end
local hash = status.plan and status.plan.hash
if component == nil or hash == nil then
  error("nothing of this CeilometerUpgrade waits for an approval")
end

local key = "ceilometer.openstack.org/approve"
obj.metadata.annotations = obj.metadata.annotations or {}
local before = obj.metadata.annotations[key]
obj.metadata.annotations[key] = (before and (before .. ",") or "") .. component .. "@" .. hash
return obj
