-- error: values, levels, rethrowing; assert; messages with positions.
print(pcall(error))
print(pcall(error, nil))
print(pcall(error, "m"))
print(pcall(error, "m", 0))
print(pcall(error, 5))
print(pcall(error, true))
print(select("#", pcall(error)))
local t = { code = 1 } print(select(2, pcall(error, t)) == t, select(2, pcall(error, t, 2)) == t)
local function l0() error("level 0", 0) end
local function l1() error("level 1", 1) end
local function l2() error("level 2", 2) end
local function l3() error("level 3", 3) end
print(pcall(l0))
print(pcall(l1))
print(pcall(function() l2() end))
print(pcall(function() local x = (function() l3() return 1 end)() return x end))
print(pcall(function() error("position") end))
print(pcall(function() error("number " .. 5) end))
print(pcall(function() error(42) end))
print(pcall(function() error(setmetatable({}, { __tostring = function() return "obj" end })) end))
print(assert(1, "unused", 3))
print(select("#", assert(true)))
print(pcall(assert, false))
print(pcall(assert, nil, "message"))
print(pcall(assert, false, t) == false, select(2, pcall(assert, false, { 1 }))[1])
print(pcall(assert, false, 5))
print(pcall(function() assert() end))
print(pcall(assert, false, nil))
print(pcall(function() local ok, e = pcall(error, "first", 0) error(e .. " again", 0) end))
print(pcall(pcall, error, "x"))
print(pcall(pcall))
print(pcall(function() pcall() end))
print(pcall(function() return pcall(5) end))
print(xpcall(function() error("x", 0) end, function(m) return m .. " handled" end))
print(xpcall(function() return 1, 2 end, print))
print(xpcall(function() local x = nil; x() end, function(m) return (m:gsub("^.-: ", "")) end))
print(xpcall(function() error({ 9 }) end, function(m) return m[1] end))
print(select("#", xpcall(function() error("x") end, function() end)))
print(pcall(function() return xpcall() end))
print(pcall(function() return xpcall(print) end))
print((xpcall(function() error("a") end, function(m) error("b") end)))
local depth = 0
print(xpcall(function() error("trace", 0) end, function(m)
  return m .. " " .. type(debug.traceback())
end))
local function thrower(n) if n == 0 then error("deep", 0) end thrower(n - 1) end
print(pcall(thrower, 100))
local order = {}
pcall(function() order[1] = "a" error() order[2] = "b" end)
print(#order)
print(pcall(string.rep))
print(pcall(("x").rep, "x", {}))
print(pcall(setmetatable, 1))
print(pcall(function() string.rep() end))
print(pcall(function() ("x"):rep({}) end))
print(pcall(function() ("x"):bad() end))
print(pcall(function() local s = string.rep s() end))
print(pcall(function() io.open() end))
print(pcall(function() table.concat({ {} }) end))
print(pcall(function() table.insert({}, 1, 2, 3) end))
print(pcall(function() ("x"):format(1) end))
print(pcall(function() ("%d"):format("x") end))
print(pcall(function() ("%d"):format() end))
print(pcall(function() math.floor("a") end))
print(pcall(function() math.floor({}) end))
print(pcall(function() os.time({}) end))
print(pcall(function() local t = { f = math.sin } t.f() end))
print(pcall(function() local t = { f = math.sin } t:f() end))
print(pcall(function() ("x").rep() end))
print(pcall(function() string.char(256) end))
print(pcall(function() string.char(-1) end))
print(pcall(function() string.char("x") end))
print(pcall(function() ("x"):byte({}) end))
print(pcall(function() tostring() end))
local ok, e = pcall(function()
  local a = 1
  local b = a +
    nil
end) print(e)
ok, e = pcall(function()
  local t = {}
  t
    .x
    .y = 1
end) print(e)
ok, e = pcall(function()
  undefined(
    1,
    2
  )
end) print(e)
