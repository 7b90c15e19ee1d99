-- __eq, __lt, __le: when they are tried, how results are converted, the __le fallback to __lt.
local eqs = 0
local E = { __eq = function(a, b) eqs = eqs + 1 return a.v == b.v end }
local function e(v) return setmetatable({ v = v }, E) end
local a, b, c = e(1), e(1), e(2)
print(a == b, a == c, a ~= b, a ~= c, a == a, eqs)
print(a == 1, 1 == a, a == "x", a == nil, a == {}, eqs) print(rawequal(a, b), rawequal(a, a))
local other = setmetatable({ v = 1 }, { __eq = function() return true end })
print(a == other, other == a)
local same = E.__eq
local third = setmetatable({ v = 1 }, { __eq = same })
print(a == third, third == a)
print(setmetatable({}, { __eq = function() return 1 end }) == setmetatable({}, E), e(nil) == e(nil))
local truthy = { __eq = function() return "yes" end }
local x, y = setmetatable({}, truthy), setmetatable({}, truthy)
print(x == y, x ~= y)
local L = { __lt = function(p, q)
  return (type(p) == "table" and p.v or p) < (type(q) == "table" and q.v or q)
end }
local function l(v) return setmetatable({ v = v }, L) end
print(l(1) < l(2), l(2) < l(1), l(1) > l(2), l(1) <= l(2), l(2) <= l(1), l(1) <= l(1), l(1) >= l(1), l(1) >= l(2))
print(pcall(function() return l(1) < 2 end))
print(pcall(function() return 1 < l(2) end))
print(pcall(function() return "1" <= l(2) end))
print(pcall(function() return l(1) < setmetatable({}, { __lt = function() return true end }) end))
local B = { __lt = function() return nil end, __le = function() return 0 end }
local m, n = setmetatable({}, B), setmetatable({}, B)
print(m < n, m > n, m <= n, m >= n, not (m < n))
print(pcall(function() return {} < {} end))
print(pcall(function() return {} <= 1 end))
print(pcall(function() return print < print end))
print(pcall(function() return nil < nil end))
print(pcall(function() return true < false end))
local S = { __le = function(p, q)
  for k in pairs(p) do if not q[k] then return false end end
  return true
end }
S.__lt = function(p, q) return p <= q and not (q <= p) end
S.__eq = function(p, q) return p <= q and q <= p end
local function set(...)
  local s = setmetatable({}, S)
  for _, k in ipairs { ... } do s[k] = true end
  return s
end
print(set(1, 2) <= set(1, 2, 3), set(1, 2) < set(1, 2), set(1) == set(1), set(1) ~= set(2), set(1, 2) >= set(2), set(3) > set(1), set() < set(1))
local list = { l(3), l(1), l(2) } table.sort(list) print(list[1].v, list[2].v, list[3].v)
local order = {}
local O = { __lt = function(p, q) order[#order + 1] = p.n .. "<" .. q.n return false end }
local o1, o2 = setmetatable({ n = 1 }, O), setmetatable({ n = 2 }, O)
local _ = o1 < o2, o1 > o2, o1 <= o2, o1 >= o2 print(table.concat(order, " "))
if l(1) < l(2) then print("branch") end
if not (l(2) < l(1)) then print("branch not") end
while l(3) < l(1) do print("never") end
print((a == b and "and") or "or", not (a == c)) local key = {} key[a] = 1 print(key[a], key[b])
