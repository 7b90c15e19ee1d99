-- Scopes of locals, shadowing, and locals in their own initialisers.
x = 10
do
  local x = x
  print(x)
  x = x + 1
  do
    local x = x + 1
    print(x)
  end
  print(x)
end
print(x)
local x = x
local x = x * 2
print(x, _G.x)
local f = function() return f end
print(f())
local function g() return g end
print(g() == g)
local a, a = 1, 2
print(a)
for x = 1, 1 do local x = "inner" print(x) end
print(x)
if true then local only = 1 end
print(only)
repeat local seen = 5 until seen == 5
print(seen)
while true do local w = 1 break end
print(w)
local t = {}
for i = 1, 3 do local v = i * i; t[i] = function() v = v + 1 return v end end
print(t[1](), t[1](), t[2](), t[3]())
do local function scoped() return "scoped" end print(scoped()) end
print(scoped)
local parts = { "return function() local s = 0 " }
for i = 1, 150 do parts[#parts + 1] = ("local v%d = %d s = s + v%d "):format(i, i, i) end
parts[#parts + 1] = "return s end"
print(loadstring(table.concat(parts))()())
parts = {}
for i = 1, 201 do parts[i] = "local v" .. i end
print(loadstring(table.concat(parts, "\n")))
