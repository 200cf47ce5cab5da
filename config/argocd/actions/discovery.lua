-- Which actions make sense now. The operator would take no harm from the others; a person would only be misled.
local spec = obj.spec or {}
local status = obj.status or {}
local annotations = obj.metadata.annotations or {}
local holding = {}
for _, condition in ipairs(status.conditions or {}) do
  holding[condition.type] = condition.observedGeneration == obj.metadata.generation and condition.status == "True"
end
local function asked(verb)
  return annotations["ceilometer.openstack.org/" .. verb] ~= nil
end

local hash = status.plan and status.plan.hash
local begun = hash ~= nil and spec.mode ~= "Plan"
local deleting = obj.metadata.deletionTimestamp ~= nil
local last = (status.history or {})[1]
local rolledBack = last ~= nil and last.plan == hash and last.state == "RolledBack"
local over = holding["Ready"] or rolledBack
local paused = spec.paused == true or asked("pause") or holding["Paused"]

local function action(name, icon, possible)
  return { displayName = name, iconClass = "fa fa-fw " .. icon, disabled = deleting or not possible }
end

return {
  pause = action("Pause", "fa-pause", spec.mode ~= "Plan" and not paused and not over),
  resume = action("Resume", "fa-play", paused),
  approve = action("Approve", "fa-check", begun and holding["AwaitingApproval"] and not asked("approve")),
  abort = action("Abort", "fa-stop", begun and not over and spec.abort ~= true and not asked("abort")),
  retry = action("Retry", "fa-redo", (holding["Stalled"] or holding["Drifted"] or rolledBack) and not asked("retry")),
  rollback = action("Roll back", "fa-undo", begun and not rolledBack and spec.rollback ~= true and not asked("rollback")),
}
