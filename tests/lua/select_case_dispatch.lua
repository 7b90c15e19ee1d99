-- Dispatch tables, long if chains on numbers and strings, nested breaks, flags and early returns.
local function by_chain(v)
  if v == 1 then
    return "one"
  elseif v == "1" then
    return "string one"
  elseif v == nil then
    return "nil"
  elseif v == false then
    return "false"
  elseif v == true then
    return "true"
  elseif v == 1.5 then
    return "one and a half"
  elseif type(v) == "table" then
    return "table"
  elseif v ~= v then
    return "nan"
  elseif v == 1 / 0 then
    return "inf"
  else
    return "other"
  end
end
print(by_chain(1), by_chain("1"), by_chain(nil), by_chain(false), by_chain(true), by_chain(1.5), by_chain({}), by_chain(0 / 0), by_chain(1 / 0), by_chain(-1 / 0), by_chain("x"))
local cases = { [1] = function() return "one" end, x = function(a) return a end }
local default = setmetatable(cases, { __index = function(_, k)
  return function() return "default " .. tostring(k) end
end })
print(cases[1](), cases.x("arg"), cases.y(), cases[2]())
local function find(grid, wanted)
  for y, row in ipairs(grid) do
    for x, v in ipairs(row) do if v == wanted then return x, y end end
  end
  return nil, "not found"
end
print(find({ { 1, 2 }, { 3, 4 } }, 3))
print(find({ { 1 } }, 9))
local out = {}
for i = 1, 10 do
  repeat if i % 2 == 0 then break end if i == 7 then break end out[#out + 1] = i until true
end
print(table.concat(out, " "))
local done = false
local i = 0
while not done do i = i + 1 for j = 1, 10 do if i * j == 42 then done = true break end end end
print(i)
local function sign(n) return n > 0 and 1 or n < 0 and -1 or 0 end
print(sign(5), sign(-5), sign(0))
local function clamp(v, lo, hi)
  if v < lo then return lo end
  if v > hi then return hi end
  return v
end
print(clamp(5, 1, 3), clamp(0, 1, 3), clamp(2, 1, 3))
local function fizz(n)
  local s = ""
  if n % 3 == 0 then s = s .. "Fizz" end
  if n % 5 == 0 then s = s .. "Buzz" end
  return s ~= "" and s or n
end
out = {}
for n = 1, 15 do out[n] = tostring(fizz(n)) end
print(table.concat(out, " "))
local x = nil
if x == nil and not x then x = x or 5 end
print(x)
local t = {}
if #t == 0 and next(t) == nil then print("empty") end
if ("a" < "b") == true and not ("b" < "a") then print("ordered") end
local k = 0
repeat k = k + 1 if k == 3 then local inner = k if inner == 3 then break end end until k > 5
print(k)
