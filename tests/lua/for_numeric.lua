-- Numeric for: steps, floats, empty ranges, control variable copies, errors.
local function run(a, b, c)
  local out = {}
  for i = a, b, c or 1 do
    out[#out + 1] = i
    if #out >= 12 then break end
  end
  return table.concat(out, " ")
end
print(run(1, 5)) print(run(5, 1)) print(run(5, 1, -2)) print(run(1, 2, 0.25)) print(run(-1, -3, -1))
print(run(1, 1))
print(run(1, 0))
print(run(0.1, 0.55, 0.1))
print(run(3, 3.9))
print(run(1, math.huge, 1e300))
print(run("1", "3", "1"))
print(pcall(run, 1, {}))
print(pcall(run, {}, 1))
print(pcall(run, 1, 2, {}))
print(pcall(run, "a", 1))
print(pcall(run, 1, nil))
print(run(1, 0 / 0) == "", run(0 / 0, 1) == "")
for i = 1, 3 do
  local j = i
  i = i * 10
  io.write(j, "/", i, " ")
end
print()
local n = 3
for i = 1, n do n = 10 io.write(i, " ") end
print(n)
local calls = 0
local function limit() calls = calls + 1 return 4 end
for i = 1, limit() do end
print(calls)
print(i)
for i = 3, 1 do print("never") end
for i = 1, 2 do for i = 10, 11 do io.write(i, " ") end io.write(i, " ") end print()
local fs = {}
for i = 1, 3 do fs[i] = function() i = i + 10 return i end end
print(fs[1](), fs[1](), fs[2](), fs[3]())
local big = 0
for i = 2 ^ 53, 2 ^ 53 + 4, 2 do big = big + 1 end
print(big)
for i = 1, 3 do if i == 2 then break end print("i", i) end
