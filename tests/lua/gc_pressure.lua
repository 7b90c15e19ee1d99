-- Allocation in every kind of operation, with live data around it that has to survive.
local keep = { list = {}, map = {} }
for i = 1, 500 do keep.list[i] = "item" .. i keep.map["key" .. i] = { i } end
local function churn()
  local t = {}
  for i = 1, 200 do t[i] = { i, tostring(i), function() return i end } end
  return #t
end
local s = ""
for i = 1, 100 do s = s .. "piece" .. i .. "," churn() end
print(#s, s:sub(1, 20), s:sub(-9))
local closures = {}
for i = 1, 100 do local v = { i } closures[i] = function() v[1] = v[1] + churn() return v[1] end end
local sum = 0
for i = 1, 100 do sum = sum + closures[i]() end
print(sum)
local cos = {}
for i = 1, 50 do
  cos[i] = coroutine.wrap(function()
    local own = { "own" .. i }
    while true do churn() coroutine.yield(own[1]) end
  end)
end
for round = 1, 3 do for i = 1, 50 do assert(cos[i]() == "own" .. i) end end
print("coroutines kept their locals")
local mt = { __index = function(t, k) churn() return { k } end, __add = function(a, b)
  churn()
  return setmetatable({ v = a.v + b.v }, getmetatable(a))
end, __concat = function(a, b) churn() return "joined" end, __eq = function() churn() return true end, __lt = function() churn() return true end, __call = function(_, ...) churn() return ... end }
local function o(v) return setmetatable({ v = v }, mt) end
local acc = o(0)
for i = 1, 50 do acc = acc + o(i) end
print(acc.v, acc.missing[1], acc .. acc, acc == o(1), acc < o(2), acc("through", "call"))
print((("abc"):rep(20):gsub("%w", function(c) churn() return c:upper() end)))
local t = {}
for i = 1, 50 do t[i] = (i * 7) % 50 end
table.sort(t, function(a, b) churn() return a < b end)
print(t[1], t[25], t[50])
print(pcall(function() churn() error({ churn() }) end) == false)
for i = 1, 500 do assert(keep.list[i] == "item" .. i and keep.map["key" .. i][1] == i) end
print("kept")
local function va(...) churn() local p = { ... } churn() return unpack(p) end
print(select("#", va(1, nil, {}, "x")), (va("first", 2)))
local parts = {}
for w in ("a b c d e"):gmatch("%a") do churn() parts[#parts + 1] = w end
print(table.concat(parts))
for i = 1, 10 do
  local f = loadstring("local t = {} for i = 1, 50 do t[i] = { i } end return #t + " .. i)
  assert(f() == 50 + i)
end
print("chunks")
local chain
for i = 1, 2000 do chain = { next = chain, name = "n" .. i } end
local n = 0
while chain do n = n + 1 chain = chain.next end
print(n)
print(string.format("%s %s %q", "a" .. churn(), tostring(churn()), "q" .. churn()))
local deep = {}
local at = deep
for i = 1, 3000 do at.child = { depth = i } at = at.child end
churn()
at = deep
while at.child do at = at.child end
print(at.depth)
