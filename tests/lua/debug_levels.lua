-- Levels of the stack: tail calls, the host below the main chunk, threads that have failed, values without a name.
local function what(level)
  local info = debug.getinfo(level + 1, "Sln")
  if not info then return print(level, nil) end
  print(level, info.what, info.short_src, info.currentline, info.name, info.namewhat)
end
local function f() for level = 1, 7 do what(level) end end
local function g() return f() end
local function h() g() end
local function i() local j = h return j() end
i()
print((debug.traceback("no tail call", 1)))
local function trace() print(debug.traceback("in a tail call")) end
local function to_trace() return trace() end
to_trace()
print(pcall(function() return (function() error("no position", 2) end)() end))
print(pcall(function() (function() error("a position", 2) end)() end))
local function env() return pcall(getfenv, 3), pcall(getfenv, 2) end
local function to_env() return env() end
local a, b = to_env()
print(a, b)
-- A variable that is assigned to while its function runs says nothing.
local changed
changed = function() changed = nil; what(1); what(2) end
changed()
-- A thread that has failed shows where; one that has returned shows nothing.
local thread = coroutine.create(function(x) local y = 2; coroutine.yield(x); error("failed") end)
print(coroutine.resume(thread, 1))
print(debug.traceback(thread))
print(debug.getlocal(thread, 1, 1), debug.getlocal(thread, 1, 2))
print(coroutine.resume(thread))
print(debug.traceback(thread, "after"))
print(debug.getinfo(thread, 1, "l").currentline, debug.getlocal(thread, 1, 2))
print(coroutine.status(thread), coroutine.resume(thread))
thread = coroutine.create(function() end)
print(debug.traceback(thread), coroutine.resume(thread))
print(debug.traceback(thread, "returned"))
-- Deep stacks are cut.
local function deep(n) if n == 0 then print(debug.traceback("deep")) else deep(n - 1) end end
deep(9); deep(10); deep(11); deep(40)
print((debug.traceback("beyond", 9)))
-- Values without a name.
local function show(...)
  local name, value = debug.getlocal(2, 3)
  print(name, value)
  return ...
end
local function temporaries(a)
  local b = a
  return 7 .. show(8)
end
print(temporaries(1))
print(debug.getlocal(1, 100), pcall(debug.getlocal, 100, 1))
local lines = {}
for line in pairs(debug.getinfo(temporaries, "L").activelines) do lines[#lines + 1] = line end
table.sort(lines)
print(table.concat(lines, " "))
