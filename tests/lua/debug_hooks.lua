-- debug.sethook: call, return, tail return, line and count; per thread; errors and changes in a hook; gethook.
local function traced(mask, f, ...)
  local events = {}
  debug.sethook(function(event, line)
    local info = debug.getinfo(2, "Slf")
    if info.what ~= "C" and (event ~= "line" or info.func == f) then
      assert(event ~= "line" or line == info.currentline)
      events[#events + 1] = event .. (line and " " .. line - debug.getinfo(f, "S").linedefined or "")
    end
  end, mask)
  f(...)
  debug.sethook()
  print(mask, table.concat(events, ", "))
end
local function lines(n)
  local x = n

  if x > 1 then
    x = x + 1
  else
    x = x - 1
  end
  for i = 1, 2 do
    x = x + i
  end
  repeat x = x - 1
  until x < 2
  return x
end
traced("l", lines, 1)
traced("l", lines, 3)
local function leaf() return 1 end
local function middle() leaf() leaf() end
local function outer() middle() end
traced("c", outer)
traced("r", outer)
traced("cr", outer)
local function tail(n) if n > 0 then return leaf() end return middle() end
traced("cr", function() tail(0) tail(1) end)
traced("cr", function() pcall(error) string.gsub("ab", "%a", leaf) table.sort({ 2, 1 }, function(a, b) return a < b end) end)
local object = setmetatable({}, { __index = function() return leaf() end, __add = leaf })
traced("cr", function() return (object.x) + (object + 1) end)
-- Calls of native functions, with their names.
local names = {}
debug.sethook(function(event)
  local info = debug.getinfo(2, "Sn")
  if info.what == "C" then names[#names + 1] = event .. " " .. tostring(info.name) end
end, "cr")
local _ = os.getenv("HOME"), os.clock()
debug.sethook()
print(table.concat(names, ", "))
-- Arguments can be seen when a function is called.
local function arguments(a, b, ...) return a end
debug.sethook(function()
  if debug.getinfo(2, "f").func == arguments then
    print(debug.getlocal(2, 1))
    print(debug.getlocal(2, 2))
    local name, value = debug.getlocal(2, 3)
    print(name, type(value), value.n, value[1])
  end
end, "c")
arguments(1, 2, 3, 4)
debug.sethook()
-- Counting.
local count = 0
debug.sethook(function(event, line) assert(event == "count" and line == nil) count = count + 1 end, "", 100)
for i = 1, 10000 do end
debug.sethook()
print(count >= 100 and count < 130)
print(pcall(function()
  debug.sethook(function() error("enough", 0) end, "", 1000)
  while true do end
end))
debug.sethook()
-- What a hook does is not shown to it; it may change itself.
local depth, most = 0, 0
debug.sethook(function()
  depth = depth + 1
  most = math.max(most, depth)
  string.rep("x", 3)
  collectgarbage("count")
  depth = depth - 1
end, "crl")
outer()
debug.sethook()
print(most)
local seen = {}
debug.sethook(function(event)
  seen[#seen + 1] = event
  debug.sethook(function(event) seen[#seen + 1] = event debug.sethook() end, "l")
end, "c")
outer()
print(table.concat(seen, " "), debug.gethook())
-- Each thread has its own.
local hook = function() end
print(debug.gethook())
debug.sethook(hook, "lcr", 5)
print(select(2, debug.gethook()), select("#", debug.gethook()), debug.gethook() == hook)
debug.sethook()
local log = {}
local thread = coroutine.create(function()
  local a = 1
  coroutine.yield(a)
  return a
end)
debug.sethook(thread, function(_, line) log[#log + 1] = line end, "l")
print(debug.gethook(), debug.gethook(thread) ~= nil)
coroutine.resume(thread)
local between = 1
coroutine.resume(thread)
print(#log, log[2] - log[1], log[3] - log[2])
print(coroutine.wrap(function() return debug.gethook() end)())
-- An error in a hook is one of the program; the hook stays.
local fails = true
print(pcall(function()
  debug.sethook(function() if fails then fails = false error("in a hook") end end, "l")
  local x = 1
end))
print(debug.gethook() ~= nil)
debug.sethook()
print(pcall(debug.sethook, 1), pcall(debug.sethook, print), pcall(debug.sethook, 1, "l"))
