-- What the health of a CeilometerUpgrade is. A condition counts only if it was said of the spec as it stands now: what an
-- earlier target came to is no news of this one.
local function health(status, message)
  return { status = status, message = message }
end

local status = obj.status or {}
local conditions = {}
for _, condition in ipairs(status.conditions or {}) do
  if condition.observedGeneration == obj.metadata.generation then
    conditions[condition.type] = condition
  end
end
local ready = conditions["Ready"]
if status.observedGeneration ~= obj.metadata.generation or ready == nil then
  return health("Progressing", "The operator has not reported on this generation yet")
end

local function said(condition)
  if condition.message == nil or condition.message == "" then
    return condition.reason
  end
  return condition.reason .. ": " .. condition.message
end
local function holds(type)
  return conditions[type] ~= nil and conditions[type].status == "True"
end

-- It waits for a person. Drift is one of them: the upgrade has succeeded, but what it names does not run the target any more.
for _, type in ipairs({ "Drifted", "Paused", "AwaitingApproval" }) do
  if holds(type) then
    return health("Suspended", said(conditions[type]))
  end
end

if ready.status == "True" then
  return health("Healthy", said(ready))
end
if holds("Stalled") then
  return health("Degraded", said(conditions["Stalled"]))
end

-- A plan is no upgrade: what waits for the target must wait on, until a person sets mode to Apply.
if ready.reason == "Planned" then
  return health("Suspended", said(ready))
end

-- Outside its maintenance windows, but for what is being brought to a safe point.
if status.maintenance ~= nil and status.maintenance.open == false then
  local running = false
  for _, step in ipairs(status.steps or {}) do
    running = running or step.state == "Running"
  end
  if not running then
    local opens = status.maintenance.nextOpening
    return health("Suspended", "Outside its maintenance windows" .. (opens and ("; the next one opens at " .. opens) or ""))
  end
end

return health("Progressing", said(ready))
