-- Estimates of pi and of a volume with a generator object of our own.
-- quick: 5000

local n = tonumber(arg and arg[1]) or 1600000

local Random = {}
Random.__index = Random

function Random.new(seed)
  return setmetatable({ state = seed, carry = 12345 }, Random)
end

-- Multiply with carry, in exact double arithmetic.
function Random:next()
  local product = self.state * 36969 + self.carry
  self.state = product % 65536
  self.carry = (product - self.state) / 65536
  return (self.state + (self.carry % 65536) / 65536) / 65536
end

local function pi(random, samples)
  local hits = 0
  for _ = 1, samples do
    local x, y = random:next(), random:next()
    if x * x + y * y <= 1 then hits = hits + 1 end
  end
  return 4 * hits / samples
end

local function ball_volume(random, dimensions, samples)
  local hits = 0
  for _ = 1, samples do
    local square = 0
    for _ = 1, dimensions do
      local x = 2 * random:next() - 1
      square = square + x * x
    end
    if square <= 1 then hits = hits + 1 end
  end
  return 2 ^ dimensions * hits / samples
end

local random = Random.new(1971)
print(string.format("pi %.6f", pi(random, n)))
for dimensions = 2, 5 do
  print(string.format("ball in %d dimensions: %.6f", dimensions, ball_volume(random, dimensions, math.floor(n / 4))))
end
