-- Three more prime sieves: segmented, Sundaram's, and an incremental one on a hash table.
-- quick: 3000

local n = tonumber(arg and arg[1]) or 1800000

local function small_primes(limit)
  local primes = {}
  for candidate = 2, limit do
    local prime = true
    for _, p in ipairs(primes) do
      if p * p > candidate then break end
      if candidate % p == 0 then
        prime = false
        break
      end
    end
    if prime then primes[#primes + 1] = candidate end
  end
  return primes
end

local function segmented(limit)
  local width = math.ceil(math.sqrt(limit))
  local primes = small_primes(width)
  local count, sum = 0, 0
  local marks = {}
  for low = 2, limit, width do
    local high = math.min(low + width - 1, limit)
    for k = low, high do marks[k - low] = true end
    for _, p in ipairs(primes) do
      if p * p > high then break end
      local first = math.max(p * p, math.ceil(low / p) * p)
      for multiple = first, high, p do marks[multiple - low] = false end
    end
    for k = low, high do
      if marks[k - low] then count, sum = count + 1, sum + k end
    end
  end
  return count, sum
end

local function sundaram(limit)
  local half = math.floor((limit - 1) / 2)
  local marked = {}
  for i = 1, half do
    if 2 * i * (i + 1) > half then break end
    for k = 2 * i * (i + 1), half, 2 * i + 1 do marked[k] = 1 end
  end
  local count, sum = 1, 2
  for i = 1, half do
    if not marked[i] then count, sum = count + 1, sum + 2 * i + 1 end
  end
  return count, sum
end

local function incremental(limit)
  local steps = {}
  local count, sum = 0, 0
  for candidate = 2, limit do
    local step = steps[candidate]
    if step then
      steps[candidate] = nil
      local following = candidate + step
      while steps[following] do following = following + step end
      steps[following] = step
    else
      count, sum = count + 1, sum + candidate
      if candidate * candidate <= limit then steps[candidate * candidate] = candidate end
    end
  end
  return count, sum
end

print("segmented", segmented(3 * n))
print("sundaram", sundaram(2 * n))
print("incremental", incremental(n))
