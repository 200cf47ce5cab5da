-- What the health of a CeilometerUpgrade is. A condition counts only if it was said of the spec as it stands now: what an
-- earlier target came to is no news of this one.
local status = obj.status or {}
local conditions = {}
for _, condition in ipairs(status.conditions or {}) do
  if condition.observedGeneration == obj.metadata.generation then
    conditions[condition.type] = condition
  end
end
local ready = conditions["Ready"]
if status.observedGeneration ~= obj.metadata.generation or ready == nil then
  return { status = "Progressing", message = "The operator has not reported on this generation yet" }
end

local function is(type, value)
  return conditions[type] ~= nil and conditions[type].status == value
end
local function health(name, condition)
  local message = condition.reason
  if condition.message ~= nil and condition.message ~= "" then
    message = message .. ": " .. condition.message
  end
  return { status = name, message = message }
end

-- The upgrade has succeeded, but what it names does not run the target any more.
if is("Drifted", "True") then
  return health("Suspended", conditions["Drifted"])
end
if ready.status == "True" then
  return health("Healthy", ready)
end
if is("Stalled", "True") then
  return health("Degraded", conditions["Stalled"])
end
-- It rests as it was told to: paused, before an approval, outside its maintenance windows, or as a plan. A plan is no upgrade:
-- what waits for the target must wait on.
if is("Reconciling", "False") then
  return health("Suspended", ready)
end
return health("Progressing", ready)
