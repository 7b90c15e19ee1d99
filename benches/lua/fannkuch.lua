-- Pancake flips: the largest number of prefix reversals over all permutations.
-- quick: 6

local n = tonumber(arg and arg[1]) or 9

-- Permutations are visited by Heap's algorithm; signs alternate, for a checksum.
local function flips_of(permutation, scratch)
  local first = permutation[1]
  if first == 1 then return 0 end
  for i = 1, n do scratch[i] = permutation[i] end
  local flips = 0
  while first ~= 1 do
    local i, j = 1, first
    while i < j do
      scratch[i], scratch[j] = scratch[j], scratch[i]
      i, j = i + 1, j - 1
    end
    flips = flips + 1
    first = scratch[1]
  end
  return flips
end

local function search(start)
  local permutation, counters, scratch = {}, {}, {}
  for i = 1, n do
    permutation[i] = (i + start) % n + 1
    counters[i] = 1
  end

  local most, checksum, sign, visited = 0, 0, 1, 0
  local function visit()
    local flips = flips_of(permutation, scratch)
    if flips > most then most = flips end
    checksum = checksum + sign * flips * (visited % 7 + 1)
    sign = -sign
    visited = visited + 1
  end

  visit()
  local i = 2
  while i <= n do
    if counters[i] < i then
      local other = i % 2 == 1 and 1 or counters[i]
      permutation[other], permutation[i] = permutation[i], permutation[other]
      visit()
      counters[i] = counters[i] + 1
      i = 2
    else
      counters[i] = 1
      i = i + 1
    end
  end
  return most, visited, checksum
end

for start = 1, 3 do
  local most, visited, checksum = search(start)
  print(string.format("flips(%d) = %d over %d permutations, checksum %d", n, most, visited, checksum))
end
