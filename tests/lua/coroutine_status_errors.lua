-- Status during nesting, dead coroutines, errors that pass through several coroutines, wrap inside pcall.
local log = {}
local function note(...) log[#log + 1] = table.concat({ ... }, " ") end
local a, b
a = coroutine.create(function()
  note("a", coroutine.status(a), coroutine.status(b))
  coroutine.resume(b)
  note("a again", coroutine.status(b))
end)
b = coroutine.create(function()
  note("b", coroutine.status(a), coroutine.status(b))
  coroutine.yield()
end)
coroutine.resume(a) print(table.concat(log, "; "), coroutine.status(a), coroutine.status(b))
local e = coroutine.create(function()
  coroutine.wrap(function() coroutine.wrap(function() error("deep", 0) end)() end)()
end)
print(coroutine.resume(e))
print(coroutine.status(e), coroutine.resume(e))
print(pcall(coroutine.wrap(function() local x = {} x.y.z = 1 end)))
local obj = {}
local ok, v = coroutine.resume(coroutine.create(function() error(obj) end))
print(ok, v == obj)
print(coroutine.resume(coroutine.create(function() return pcall(error, "caught", 0) end)))
print(coroutine.resume(coroutine.create(function()
  local ok, e = pcall(function() local c = coroutine.wrap(function() error("w", 0) end) c() end)
  return ok, e
end)))
local c = coroutine.create(function()
  local t = setmetatable({}, { __index = function() error("index", 0) end })
  return t.x
end)
print(coroutine.resume(c))
print(coroutine.status(c))
local r = coroutine.create(function() print(coroutine.resume(coroutine.running())) end)
print(coroutine.resume(r))
local n = 0
local rec
rec = function(d) if d == 0 then return "bottom" end n = n + 1 return coroutine.wrap(rec)(d - 1) end
print(rec(50), n)
print(select(2, coroutine.resume(coroutine.create(function() return coroutine.running() ~= nil end))), coroutine.running())
local w = coroutine.wrap(function() for i = 1, 2 do coroutine.yield(i) end end)
print(w(), w(), w())
print(pcall(w))
print((select(2, pcall(w)):gsub("^.*: ", "")))
for i = 1, 3 do
  local co = coroutine.create(function(x) while true do x = coroutine.yield(x * i) end end)
  print(select(2, coroutine.resume(co, 1)), select(2, coroutine.resume(co, 10)), select(2, coroutine.resume(co, 100)))
end
