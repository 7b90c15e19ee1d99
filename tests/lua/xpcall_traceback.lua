-- xpcall handlers: they run at the error, see the stack, may fail; tracebacks of named functions.
local function level3() error("the message", 0) end
local function level2() level3() end
function level1() level2() end
local ok, trace = xpcall(level1, function(m) return debug.traceback(m, 1) end)
print(ok, trace:match("^[^\n]*"), select(2, trace:gsub("\n", "")) >= 4)
print(trace:find("in function 'level3'", 1, true) ~= nil, trace:find("in function 'level2'", 1, true) ~= nil, trace:find("xpcall_traceback.lua:", 1, true) ~= nil, trace:find("[C]: in function 'xpcall'", 1, true) ~= nil)
local seen
local ok2, r = xpcall(function() local secret = "visible" error("x") end, function(m) seen = m return "handled" end)
print(ok2, r, (seen:gsub("^.*: ", "")))
print(xpcall(function() return "fine", nil, 3 end, error))
print(select("#", xpcall(function() return nil, nil end, error)))
print((xpcall(function() error("first") end, function(m) error("second") end)))
print(xpcall(function() error() end, function(m) return m == nil end))
print(xpcall(function() error({ code = 7 }) end, function(m) return m.code end))
local depth = 0
local function nested(n)
  if n == 0 then error("inner", 0) end
  local ok, e = xpcall(function() nested(n - 1) end, function(m) depth = depth + 1 return m .. n end)
  error(e, 0)
end
print(pcall(nested, 5))
print(depth)
print(xpcall(function()
  local ok = pcall(error, "swallowed")
  return ok
end, function() return "not called" end))
local order = {}
xpcall(function() order[#order + 1] = "body" error("e") end, function() order[#order + 1] = "handler" end)
order[#order + 1] = "after"
print(table.concat(order, " "))
print(xpcall(function() return 1 + nil end, function(m) return (m:gsub("^.-: ", "")) end))
print(xpcall(function() string.rep() end, function(m) return (m:gsub("^.-: ", "")) end))
local co = coroutine.wrap(function()
  return xpcall(function() error("in coroutine", 0) end, function(m) return m .. "!" end)
end)
print(co())
