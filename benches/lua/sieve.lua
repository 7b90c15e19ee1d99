-- Sieve of Eratosthenes over a table of booleans.
-- quick: 2000

local n = tonumber(arg and arg[1]) or 4000000

local function primes_up_to(limit)
  local composite = {}
  for i = 1, limit do composite[i] = false end
  local count, last = 0, 0
  for i = 2, limit do
    if not composite[i] then
      count, last = count + 1, i
      for multiple = i * i, limit, i do
        composite[multiple] = true
      end
    end
  end
  return count, last
end

for round = 1, 3 do
  print(primes_up_to(n - round))
end
