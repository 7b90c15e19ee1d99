-- Nested numeric loops with float and integer-valued arithmetic and conditionals.
-- quick: 20000

local n = tonumber(arg and arg[1]) or 14000000

local function triangular(limit)
  local sum = 0
  for i = 1, limit do
    sum = sum + i % 7
  end
  return sum
end

local function leibniz(terms)
  local sum, sign = 0, 1
  for k = 1, 2 * terms, 2 do
    sum = sum + sign / k
    sign = -sign
  end
  return 4 * sum
end

local function zigzag(limit)
  local up, down, flips = 0, 0, 0
  for i = limit, 1, -1 do
    if i % 3 == 0 then
      up = up + i
    elseif i % 5 == 0 then
      down = down - i
    else
      flips = flips + 1
    end
  end
  return up, down, flips
end

local function nested(side)
  local hits = 0
  for i = 1, side do
    for j = i, side do
      local r = i * i + j * j
      if r % 11 < 3 then hits = hits + 1 end
    end
  end
  return hits
end

local function while_loop(limit)
  local x, steps = 1, 0
  while steps < limit do
    x = x * 1.0000001 + 0.5
    if x > 1000 then x = x - 999 end
    steps = steps + 1
  end
  return x
end

print(triangular(n))
print(string.format("%.9f", leibniz(n)))
print(zigzag(n))
print(nested(math.floor(math.sqrt(n))))
print(string.format("%.6f", while_loop(n)))
