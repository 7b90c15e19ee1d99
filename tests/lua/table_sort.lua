-- table.sort: orders, comparators, metamethods, stability not assumed, errors.
local function s(t, f) table.sort(t, f) return table.concat(t, " ") end
print(s {}, s { 1 }, s { 2, 1 }, s { 3, 1, 2 }, s { 5, 3, 5, 1, 3 })
print(s { "b", "a", "C", "B" })
print(s({ 1, 2, 3, 4, 5 }, function(a, b) return a > b end))
print(s({ "ccc", "a", "bb" }, function(a, b) return #a < #b end))
print(s { 1.5, -1, 0, 1e10, -1e10, 0.1 })
for _, n in ipairs { 10, 100, 1000 } do
  local t, x = {}, 1
  for i = 1, n do x = (x * 16807) % 2147483647 t[i] = x end
  table.sort(t)
  local ok = true
  for i = 2, n do ok = ok and t[i - 1] <= t[i] end
  table.sort(t, function(a, b) return a > b end)
  for i = 2, n do ok = ok and t[i - 1] >= t[i] end
  table.sort(t)
  print(n, ok, t[1], t[n])
end
local same = {}
for i = 1, 500 do same[i] = 7 end
table.sort(same)
print(#same, same[1], same[500])
local asc = {}
for i = 1, 500 do asc[i] = i end
table.sort(asc)
print(asc[1], asc[250], asc[500])
table.sort(asc, function(a, b) return a > b end)
print(asc[1], asc[250], asc[500])
local objs = {}
for i = 1, 20 do objs[i] = setmetatable({ v = (i * 7) % 20 }, { __lt = nil }) end
local mt = { __lt = function(a, b) return a.v < b.v end }
for i = 1, 20 do setmetatable(objs[i], mt) end
table.sort(objs)
local o = {}
for i = 1, 20 do o[i] = objs[i].v end
print(table.concat(o, " "))
local calls = 0
table.sort({ 4, 3, 2, 1 }, function(a, b) calls = calls + 1 return a < b end)
print(calls > 0)
print(pcall(function() table.sort({ 1, "x" }) end) == false, pcall(function() table.sort({ {}, {} }) end) == false)
print((select(2, pcall(function() table.sort({ {}, {} }) end)):gsub("^.-: ", "")))
print(pcall(function() table.sort({ 1, 2 }, 5) end))
print(pcall(function() table.sort() end))
print(pcall(function() table.sort({ 3, 2, 1 }, function() error("cmp", 0) end) end))
print(select("#", table.sort({})))
local words = {}
for w in ("the quick brown fox jumps over the lazy dog"):gmatch("%a+") do words[#words + 1] = w end
print(s(words))
local t = { 3, 1, 2, nil }
print(s(t))
local people = { { n = "b", a = 2 }, { n = "a", a = 2 }, { n = "c", a = 1 } }
table.sort(people, function(x, y) if x.a ~= y.a then return x.a < y.a end return x.n < y.n end)
print(people[1].n, people[2].n, people[3].n)
