-- Coroutines as iterators, recursion across yields, upvalues, deep stacks.
local function gen(n)
  return coroutine.wrap(function() for i = 1, n do coroutine.yield(i) end end)
end
local s = 0 for i in gen(100) do s = s + i end print(s)
local function permgen(a, n)
  n = n or #a
  if n <= 1 then
    coroutine.yield(a)
  else
    for i = 1, n do a[n], a[i] = a[i], a[n] permgen(a, n - 1) a[n], a[i] = a[i], a[n] end
  end
end
for p in coroutine.wrap(function() permgen { "a", "b", "c" } end) do
  io.write(table.concat(p), " ")
end
print()
local function filter(p, g)
  return coroutine.wrap(function() for x in g do if x % p ~= 0 then coroutine.yield(x) end end end)
end
local g, primes = coroutine.wrap(function()
  local i = 2
  while true do coroutine.yield(i) i = i + 1 end
end), {}
for i = 1, 20 do local p = g() primes[i] = p g = filter(p, g) end
print(table.concat(primes, " "))
local function tree(n) if n == 0 then return nil end return { tree(n - 1), n, tree(n - 1) } end
local function walk(t) if t then walk(t[1]) coroutine.yield(t[2]) walk(t[3]) end end
local out = {}
for v in coroutine.wrap(function() walk(tree(4)) end) do out[#out + 1] = v end
print(table.concat(out))
local function deep(n)
  if n == 0 then return coroutine.yield("deep") end
  local r = deep(n - 1)
  return r + 1
end
local co = coroutine.wrap(deep)
print(co(5000))
print(co(1))
local fs = {}
local c = coroutine.wrap(function()
  for i = 1, 3 do local v = i * 10 fs[i] = function() v = v + 1 return v end coroutine.yield() end
end)
c()
c()
print(fs[1](), fs[2](), fs[1](), fs[3])
c()
print(fs[3](), fs[1]())
local log = {}
local function producer()
  return coroutine.create(function()
    for _, v in ipairs { "x", "y", "z" } do log[#log + 1] = "p" .. v coroutine.yield(v) end
  end)
end
local function consumer(p)
  while true do
    local ok, v = coroutine.resume(p)
    if not v then break end
    log[#log + 1] = "c" .. v
  end
end
consumer(producer())
print(table.concat(log, " "))
local function va(...)
  local a = { ... }
  for i = 1, #a do a[i] = coroutine.yield(a[i], ...) end
  return unpack(a)
end
local v = coroutine.wrap(va)
print(v(1, 2))
print(v("A"))
print(v("B"))
local function tail(n) if n == 0 then return coroutine.yield("tail") end return tail(n - 1) end
local t = coroutine.wrap(tail)
print(t(10000))
print(t("done", 2))
local threads = {}
for i = 1, 1000 do
  threads[i] = coroutine.create(function(x) local y = coroutine.yield(x + i) return y * i end)
end
local sum = 0
for i = 1, 1000 do sum = sum + select(2, coroutine.resume(threads[i], 1)) end
for i = 1, 1000 do sum = sum + select(2, coroutine.resume(threads[i], 2)) end
print(sum)
for i = 1, 3000 do local c = coroutine.wrap(function() coroutine.yield() end) c() end
collectgarbage()
print("collected unfinished ones")
local m = setmetatable({}, { __index = function(_, k)
  local c = coroutine.wrap(function() coroutine.yield(k .. "!") end)
  return c()
end })
print(m.key)
print(table.concat((function()
  local r = {}
  for a, b, c in coroutine.wrap(function()
    coroutine.yield(1, nil, 3)
    coroutine.yield(4)
  end) do
    r[#r + 1] = tostring(a) .. tostring(b) .. tostring(c)
  end
  return r
end)(), " "))
print(pcall(function()
  for x in coroutine.wrap(function()
    coroutine.yield(1)
    error("in iterator", 0)
  end) do
    io.write(x, " ")
  end
end))
print(string.gsub("abc", "%w", function(c)
  return coroutine.wrap(function() coroutine.yield(c:upper()) end)()
end))
local l = { 3, 1, 2 }
table.sort(l, function(a, b) return coroutine.wrap(function() coroutine.yield(a < b) end)() end)
print(table.concat(l))
