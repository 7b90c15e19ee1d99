-- next, pairs and ipairs while fields are changed or removed; complete visits; order of the array part.
local t = {}
for i = 1, 100 do t[i] = i t["k" .. i] = i end
local n, s = 0, 0
for k, v in pairs(t) do n = n + 1 s = s + v end
print(n, s)
for k in pairs(t) do t[k] = nil end
print(next(t))
for i = 1, 50 do t["x" .. i] = i end
for k, v in pairs(t) do if v % 2 == 1 then t[k] = nil else t[k] = v * 10 end end
n, s = 0, 0
for k, v in pairs(t) do n = n + 1 s = s + v end
print(n, s)
local order = {}
for i in pairs { 10, 20, 30, 40 } do order[#order + 1] = i end
print(table.concat(order, " "))
local seen = {}
for k, v in pairs { 1, 2, 3, a = 4, b = 5, [1.5] = 6, [true] = 7, [-1] = 8, [0] = 9 } do
  seen[v] = k
end
for i = 1, 9 do io.write(tostring(seen[i]), " ") end
print()
local k, v = next { "only" }
print(k, v, next({ "only" }, 1))
local c = { a = 1, b = 2, c = 3 }
local count, key = 0, nil
repeat key = next(c, key) if key then count = count + c[key] end until not key
print(count)
local i = 0
for idx, val in ipairs { 1, 2, nil, 4 } do i = idx end
print(i)
local grow = { 1 }
for idx, val in ipairs(grow) do if idx < 10 then grow[idx + 1] = val * 2 end end
print(#grow, grow[10])
local stack = { 1, 2, 3 }
while #stack > 0 do
  local top = table.remove(stack)
  io.write(top, " ")
  if top == 3 then stack[#stack + 1] = 10 end
end
print()
for k in pairs({}) do print("never") end
local nested = { { 1, 2 }, { 3, { 4, 5 } } }
local function flat(t, o)
  for _, x in ipairs(t) do if type(x) == "table" then flat(x, o) else o[#o + 1] = x end end
  return o
end
print(table.concat(flat(nested, {}), ","))
local m = setmetatable({}, { __index = { hidden = 1 } })
m.own = 2
n = 0
for k in pairs(m) do n = n + 1 end
print(n, m.hidden)
local big = {}
for i = 1, 5000 do big[i] = true end
for i = 1, 5000, 3 do big[i] = nil end
n = 0
for k in pairs(big) do n = n + k end
print(n)
local copy = {}
for k, v in pairs(big) do copy[k] = v end
local same = true
for k in pairs(copy) do same = same and big[k] end
print(same)
print(pcall(next, { a = 1 }, "b"))

local f, st, init = ipairs { 7 }
print(f(st, init))
print(f(st, 1))
print(f(st, 0))
