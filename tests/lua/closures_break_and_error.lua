-- Upvalues survive break, return and errors that leave their scopes.
local saved
for i = 1, 10 do
  local v = i * 2
  saved = function() v = v + 1 return v end
  if i == 3 then break end
end
print(saved(), saved())
while true do local v = "w" saved = function() return v end break end
print(saved())
local ok = pcall(function()
  local v = "before"
  saved = function(n) v = n or v return v end
  v = "after"
  error("x")
end)
print(ok, saved(), saved("set"), saved())
local function find()
  for i = 1, 5 do local v = i if i == 4 then return function() v = v + 1 return v end end end
end
local f = find() print(f(), f())
local get, set
pcall(function()
  local shared = 1
  get = function() return shared end
  set = function(v) shared = v end
  error()
end)
set(42) print(get())
local co = coroutine.wrap(function()
  local v = 1
  local f = function() v = v + 1 return v end
  coroutine.yield(f)
  coroutine.yield(v)
end)
local g = co() print(g(), g(), co())
local fs = {}
for i = 1, 4 do
  local ok, e = pcall(function()
    local v = i
    fs[i] = function() return v end
    if i % 2 == 0 then error(v, 0) end
    return v
  end)
  io.write(tostring(ok), tostring(e), " ")
end
print(fs[1](), fs[2](), fs[3](), fs[4]())
repeat local u = 5 saved = function() u = u + 1 return u end until u == 5
print(saved(), saved())
local t = {}
for k, v in pairs { a = 1 } do t[k] = function() v = v + 1 return v end end
print(t.a(), t.a())
