-- Variable arguments: select, unpack, forwarding, packing and folding over them.
-- quick: 300

local n = tonumber(arg and arg[1]) or 450000

local function sum(...)
  local total = 0
  for i = 1, select("#", ...) do total = total + (select(i, ...)) end
  return total
end

local function sum_table(...)
  local total = 0
  for _, value in ipairs { ... } do total = total + value end
  return total
end

local function sum_recursive(first, ...)
  if not first then return 0 end
  return first + sum_recursive(...)
end

local function pack(...) return { count = select("#", ...), ... } end
local function forward(f, ...) return f(...) end
local function count(...) return select("#", ...) end
local function rotate(first, ...)
  local packed = { ... }
  packed[#packed + 1] = first
  return unpack(packed)
end
local function bind(f, ...)
  local bound = pack(...)
  return function(...)
    local all = { unpack(bound, 1, bound.count) }
    for i = 1, select("#", ...) do all[bound.count + i] = (select(i, ...)) end
    return f(unpack(all))
  end
end

local total = 0
for i = 1, n do
  total = total + sum(i, 2, 3, 4, 5, 6) + sum_table(i, 1, 2) + sum_recursive(i, 3, 4, 5)
end
print("sums", total)

total = 0
for i = 1, n do
  total = total + count(forward(rotate, i, nil, 3, i)) + forward(select, -1, i, i + 1)
end
print("forwarded", total)

local add3 = bind(sum, 1, 2, 3)
total = 0
for i = 1, n / 2 do total = total + add3(i, i) end
print("bound", total)

local function mixed(a, b, ...)
  local c, d = ...
  return (a or 0) + (b or 0) + (c or 0) + (d or 0) + select("#", ...)
end
total = 0
for i = 1, n do total = total + mixed(i) + mixed(i, 1) + mixed(i, 1, 2) + mixed(i, 1, 2, 3, 4, 5) end
print("mixed", total)

total = 0
for i = 1, n do total = total + math.max(i, unpack({ 3, i + 1, 7 })) end
print("unpacked", total)
