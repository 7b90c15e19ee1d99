-- Long loops whose values, shapes, callees and metatables change in the middle.
local function sum(t, n) local s = 0 for i = 1, n do s = s + t[i] end return s end
local t = {}
for i = 1, 20000 do t[i] = i end
print(sum(t, 20000))
t[15000] = "15000"
print(sum(t, 20000))
t[15000] = setmetatable({}, { __add = function(a, b) return 1 end })
print(sum(t, 20000))
t[19999] = nil
print((pcall(sum, t, 20000)))
local x = 0
for i = 1, 30000 do if i == 20000 then x = tostring(x) end x = x + 1 end
print(x, type(x))
local o = { v = 1 }
local total = 0
for i = 1, 30000 do
  if i == 10000 then
    o.w = 5
  elseif i == 15000 then
    o = { w = 1, v = 2 }
  elseif i == 20000 then
    o = setmetatable({}, { __index = { v = 3 } })
  elseif i == 25000 then
    setmetatable(o, { __index = function() return 4 end })
  end
  total = total + o.v
end
print(total)
local function one() return 1 end
local function two() return 2 end
local f = one
total = 0
for i = 1, 30000 do
  if i == 10001 then
    f = two
  elseif i == 20001 then
    f = setmetatable({}, { __call = function() return 3 end })
  elseif i == 25001 then
    f = math.abs
  end
  total = total + f(-7)
end
print(total)
hot_global = 1
total = 0
for i = 1, 30000 do if i == 15001 then hot_global = "2" end total = total + hot_global end
print(total)
hot_global = nil
total = 0
for i = 1, 30000 do
  local ok, v = pcall(function() if i % 10000 == 0 then error(i, 0) end return 1 end)
  total = total + (ok and v or v / 10000)
end
print(total)
local s = 0
for i = 1, 200 do
  for j = 1, 200 do if (i + j) % 3 == 0 then s = s + 1 elseif i == j then s = s - 1 end end
end
print(s)
local function fib(n) if n < 2 then return n end return fib(n - 1) + fib(n - 2) end
print(fib(22))
local old = fib
fib = function(n) return 1 end
print(old(22))
local acc = {}
for i = 1, 30000 do acc[i % 7] = (acc[i % 7] or 0) + i end
print(acc[0], acc[3], acc[6])
local str = {}
for i = 1, 5000 do str[#str + 1] = i % 2 == 0 and "e" or i end
print(#table.concat(str))
local w = coroutine.wrap(function() local n = 0 while true do n = n + coroutine.yield(n) end end)
w()
local last
for i = 1, 20000 do last = w(i) end
print(last)
local big = 2 ^ 31 - 5
for i = 1, 10000 do big = big + 1 end
print(big)
local neg = -2 ^ 31 + 5
for i = 1, 10000 do neg = neg - 1 end
print(neg)
local k = 1
while k < 1e15 do k = k * 2 end
print(k)
local p = 1
for i = 1, 40 do p = p * 3 end
print(("%.0f"):format(p))
local function up()
  local c = 0
  return function() c = c + 1 if c == 15000 then c = c .. "" end return c end
end
local g = up()
for i = 1, 20000 do last = g() end
print(last, type(last))
local cmp = 0
for i = 1, 20000 do
  local a, b = i, 10000
  if i > 15000 then a, b = tostring(i), "10000" end
  if a < b then cmp = cmp + 1 end
end
print(cmp)
