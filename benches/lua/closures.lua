-- Creates closures, shares upvalues between them, composes and folds with them.
-- quick: 300

local n = tonumber(arg and arg[1]) or 250000

local function counter(step)
  local value = 0
  return function() value = value + step return value end,
    function() return value end,
    function(new) value = new end
end

local function compose(f, g)
  return function(x) return f(g(x)) end
end

local function range(first, last)
  local i = first - 1
  return function()
    if i < last then
      i = i + 1
      return i
    end
  end
end

local function map(f, iterator)
  return function()
    local x = iterator()
    if x ~= nil then return f(x) end
  end
end

local function filter(keep, iterator)
  return function()
    local x = iterator()
    while x ~= nil and not keep(x) do x = iterator() end
    return x
  end
end

local function fold(f, value, iterator)
  for x in iterator do value = f(value, x) end
  return value
end

local function curry(f)
  return function(a) return function(b) return function(c) return f(a, b, c) end end end
end

local total = 0
for i = 1, n do
  local add, get, set = counter(i % 5)
  for _ = 1, 5 do add() end
  set(get() * 2)
  total = total + add()
end
print("counters", total)

local chain = function(x) return x end
for i = 1, 40 do chain = compose(chain, function(x) return (x * 3 + i) % 1009 end) end
local sum = 0
for i = 1, n / 5 do sum = sum + chain(i) end
print("composed", sum)

local streamed = fold(
  function(a, b) return (a + b) % 1000003 end, 0,
  map(function(x) return x * x end, filter(function(x) return x % 3 ~= 0 end, range(1, n * 15)))
)
print("streamed", streamed)

local curried = curry(function(a, b, c) return a * b + c end)
sum = 0
for i = 1, n * 3 do sum = sum + curried(i)(2)(3) end
print("curried", sum)

local fresh = {}
for i = 1, n do
  local captured = i
  fresh[i] = function() captured = captured + 1 return captured end
end
sum = 0
for _ = 1, 4 do
  for i = 1, n do sum = sum + fresh[i]() end
end
print("captured per iteration", sum)
