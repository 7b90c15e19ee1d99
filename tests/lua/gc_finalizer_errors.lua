-- not under gc stress: what is collected when is seen. Errors in __gc, their order, steps, slots that keep nothing alive.
local function proxy(gc) getmetatable(newproxy(true)).__gc = nil local p = newproxy(true) getmetatable(p).__gc = gc return p end
local order = {}
do
  local objects = {}
  for i = 1, 5 do objects[i] = proxy(function() order[#order + 1] = i end) end
end
collectgarbage()
print(table.concat(order, " "))
do local p = proxy(function() error("in __gc", 0) end) end
print(pcall(collectgarbage))
print(pcall(collectgarbage))
do local p = proxy(function() error({}) end) end
print(select("#", pcall(collectgarbage)), type(select(2, pcall(collectgarbage))))
-- An error keeps no other finaliser from running, sooner or later.
local ran = 0
local function three()
  local a = proxy(function() ran = ran + 1 end)
  local b = proxy(function() ran = ran + 1 error("b", 0) end)
  local c = proxy(function() ran = ran + 1 end)
end
three()
print(pcall(collectgarbage, "collect"))
collectgarbage()
print(ran)
-- A value that was evaluated where the result of a later expression goes is not kept.
u = newproxy(true)
getmetatable(u).__gc = function() error "!!!" end
u = nil
assert(not pcall(collectgarbage))
-- Objects come back, once.
local saved
do local p = proxy(function(object) saved = object end) end
collectgarbage()
print(type(saved))
saved = nil
collectgarbage()
print(type(saved))
-- Steps: each does a little, and the one that completes a collection says so.
collectgarbage()
local function steps(size)
  local count = 0
  repeat count = count + 1 until collectgarbage("step", size)
  return count
end
collectgarbage("stop")
local weak = setmetatable({ {} }, { __mode = "v" })
print(steps(0) > 10, weak[1])
print(steps(6) < steps(2), steps(100000))
collectgarbage("restart")
print(pcall(collectgarbage, "step", {}))
