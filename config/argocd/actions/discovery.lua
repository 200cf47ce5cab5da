-- Which actions make sense now. The operator would take no harm from the others; a person would only be misled.
local spec = obj.spec or {}
local status = obj.status or {}
local annotations = obj.metadata.annotations or {}
local conditions = {}
for _, condition in ipairs(status.conditions or {}) do
  if condition.observedGeneration == obj.metadata.generation then
    conditions[condition.type] = condition
  end
end
local function is(type, value)
  return conditions[type] ~= nil and conditions[type].status == value
end
local function asked(verb)
  return annotations["ceilometer.openstack.org/" .. verb] ~= nil
end

local begun = status.plan ~= nil and status.plan.hash ~= nil and spec.mode ~= "Plan"
local deleting = obj.metadata.deletionTimestamp ~= nil
local rolledBack = is("Succeeded", "False")
local over = is("Ready", "True") or rolledBack
local aborted = spec.abort == true or asked("abort") or (is("Stalled", "True") and conditions["Stalled"].reason == "Aborted")
local paused = spec.paused == true or asked("pause") or is("Paused", "True")
local stopped = is("Stalled", "True") or is("Drifted", "True") or rolledBack

local function action(name, icon, possible)
  return { displayName = name, iconClass = "fa fa-fw " .. icon, disabled = deleting or not possible }
end

return {
  pause = action("Pause", "fa-pause", spec.mode ~= "Plan" and not paused and not over),
  resume = action("Resume", "fa-play", paused),
  approve = action("Approve", "fa-check", begun and is("AwaitingApproval", "True") and not asked("approve")),
  abort = action("Abort", "fa-stop", begun and not over and not aborted),
  retry = action("Retry", "fa-redo", stopped and not asked("retry")),
  rollback = action("Roll back", "fa-undo", begun and not rolledBack and spec.rollback ~= true and not asked("rollback")),
}
