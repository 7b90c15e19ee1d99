-- Multiple assignment: adjusting, order of evaluation, swapping.
local a, b, c = 1, 2
print(a, b, c)
a, b, c = 1, 2, 3, 4
print(a, b, c)
a, b = b, a
print(a, b)
local function f() return 10, 20, 30 end
a, b, c = f()
print(a, b, c)
a, b, c = 0, f()
print(a, b, c)
a, b, c = f(), 0
print(a, b, c)
a, b, c = (f())
print(a, b, c)
local i, t = 3, {}
i, t[i] = i + 1, 20
print(i, t[3], t[4])
t = { 1, 2, 3 }
i = 1
i, t[i], t[i + 1] = 2, "x", "y"
print(i, t[1], t[2], t[3])
local x, y, z = 1, 2, 3
x, y, z = y, z, x
print(x, y, z)
local p = { v = 1 }
local q = p
p.v, p = 5, { v = 9 }
print(p.v, q.v)
do
  local a = a
  a = a and 100
  print(a)
end
print(a)
local n1, n2 = nil
print(n1, n2)
t.a, t.b, t.c = (function() return 1, nil, 3 end)()
print(t.a, t.b, t.c)
t[1], t[2] = t[2], t[1]
print(t[1], t[2])
local none = (function() end)()
print(none)
print(pcall(function() local u; u.x = 1 end))
print(pcall(function() local u = {}; u.x.y = 1 end))
