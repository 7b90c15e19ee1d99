-- Producers, filters and consumers as coroutines; generators that recurse through trees.
-- quick: 100

local n = tonumber(arg and arg[1]) or 400000

local wrap, yield = coroutine.wrap, coroutine.yield

local function producer(count)
  return wrap(function()
    for i = 1, count do yield(i) end
  end)
end

local function filter(keep, source)
  return wrap(function()
    for value in source do
      if keep(value) then yield(value) end
    end
  end)
end

local function transform(f, source)
  return wrap(function()
    for value in source do yield(f(value)) end
  end)
end

local function pairwise(source)
  return wrap(function()
    while true do
      local a = source()
      local b = a and source()
      if not b then return end
      yield(a, b)
    end
  end)
end

local function insert(tree, key)
  if not tree then return { key = key } end
  if key < tree.key then tree.left = insert(tree.left, key) else tree.right = insert(tree.right, key) end
  return tree
end

local function walk(tree)
  if tree then
    walk(tree.left)
    yield(tree.key)
    walk(tree.right)
  end
end

local function same_fringe(a, b)
  local next_a, next_b = wrap(function() walk(a) end), wrap(function() walk(b) end)
  local count = 0
  while true do
    local x, y = next_a(), next_b()
    if x ~= y then return false, count end
    if x == nil then return true, count end
    count = count + 1
  end
end

local sum, count = 0, 0
local numbers = transform(function(x) return x * x % 1009 end, filter(function(x) return x % 3 ~= 1 end, producer(n * 3)))
for a, b in pairwise(numbers) do
  sum, count = (sum + a * b) % 1000003, count + 1
end
print("pipeline", count, sum)

local function primes()
  return wrap(function()
    local source = wrap(function()
      local i = 2
      while true do
        yield(i)
        i = i + 1
      end
    end)
    while true do
      local prime = source()
      yield(prime)
      source = filter(function(x) return x % prime ~= 0 end, source)
    end
  end)
end
-- Every prime nests one more coroutine, and stock Lua allows about 190 of them.
for round = 1, 1 + n / 20000 do
  local next_prime, last = primes()
  for _ = 1, 60 + round do last = next_prime() end
  print("prime", last)
end

local a, b, seed = nil, nil, 9
local keys = {}
for i = 1, n / 10 do
  seed = (seed * 16807) % 2147483647
  keys[i] = seed
end
for i = 1, #keys do a, b = insert(a, keys[i]), insert(b, keys[#keys + 1 - i]) end
for _ = 1, 8 do print("fringe", same_fringe(a, b)) end
