-- not under gc stress: makes hundreds of thousands of objects. collectgarbage: options, results, survival of what is reachable, many short-lived objects.
print(type(collectgarbage("count")), collectgarbage("collect"), collectgarbage(), type(gcinfo()))
print(collectgarbage("stop"), collectgarbage("restart"), type(collectgarbage("step")), type(collectgarbage("setpause", 200)), type(collectgarbage("setstepmul", 200)))
print(pcall(function() collectgarbage("nonsense") end))
print(collectgarbage("count") > 0)
local keep = {}
for i = 1, 1000 do
  keep[i] = { i, tostring(i), function() return i end }
  if i % 100 == 0 then collectgarbage() end
end
local s = 0
for i = 1, 1000 do s = s + keep[i][1] + tonumber(keep[i][2]) + keep[i][3]() end
print(s)
local before = collectgarbage("count")
local junk = {}
for i = 1, 20000 do junk[i] = { i } end
local mid = collectgarbage("count")
junk = nil
collectgarbage()
collectgarbage()
local after = collectgarbage("count")
print(mid > before, after < mid)
for i = 1, 200000 do local t = { i, { i } } end
print("churned", collectgarbage("count") < 100000)
local str = ""
for i = 1, 2000 do str = str .. "x" end
print(#str)
local list
for i = 1, 100000 do list = { next = list } end
collectgarbage()
local n = 0
while list do n = n + 1 list = list.next end
print(n)
local a, b = {}, {}
a.b, b.a = b, a
local w = setmetatable({ a, b }, { __mode = "v" })
a, b = nil
collectgarbage()
print(w[1], w[2])
local co = coroutine.create(function() local t = { "alive" } coroutine.yield() return t[1] end)
coroutine.resume(co)
collectgarbage()
print(coroutine.resume(co))
local f
do local up = { "upvalue" } f = function() return up[1] end end
collectgarbage()
print(f())
local order = {}
for i = 1, 3 do
  local p = newproxy(true)
  getmetatable(p).__gc = function() order[#order + 1] = i end
end
collectgarbage()
collectgarbage()
table.sort(order)
print(table.concat(order, " "))
local again = 0
local function resurrect()
  local p = newproxy(true)
  getmetatable(p).__gc = function(self) again = again + 1 saved = self end
end
resurrect()
collectgarbage()
print(again, type(saved))
saved = nil
collectgarbage()
collectgarbage()
print(again)
do
  local p = newproxy(true)
  getmetatable(p).__gc = function() local t = {} for i = 1, 100 do t[i] = {} end made = #t end
end
collectgarbage()
collectgarbage()
print(made)
local deep = {}
local cur = deep
for i = 1, 50000 do cur[1] = {} cur = cur[1] end
collectgarbage()
print(type(deep[1][1]))
deep = nil
collectgarbage()
local strs = {}
for i = 1, 5000 do strs["key" .. i] = "value" .. i end
collectgarbage()
print(strs.key1, strs["key" .. 2500], strs.key5000)
