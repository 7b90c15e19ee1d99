-- Memoised recursive functions: partitions, edit distance, longest common subsequence, Collatz lengths.
-- quick: 20

local n = tonumber(arg and arg[1]) or 500

local function memoise(f)
  local cache = {}
  return function(x)
    local value = cache[x]
    if value == nil then
      value = f(x)
      cache[x] = value
    end
    return value
  end
end

local function memoise2(f)
  local rows = {}
  return function(x, y)
    local row = rows[x]
    if not row then
      row = {}
      rows[x] = row
    end
    local value = row[y]
    if value == nil then
      value = f(x, y)
      row[y] = value
    end
    return value
  end
end

local partitions
partitions = memoise2(function(total, largest)
  if total == 0 then return 1 end
  if total < 0 or largest == 0 then return 0 end
  return (partitions(total, largest - 1) + partitions(total - largest, largest)) % 1000000007
end)

local function random_word(length, seed)
  local letters = {}
  for i = 1, length do
    seed = (seed * 16807) % 2147483647
    letters[i] = string.char(97 + seed % 4)
  end
  return table.concat(letters)
end

local function edit_distance(a, b)
  local distance
  distance = memoise2(function(i, j)
    if i == 0 then return j end
    if j == 0 then return i end
    if a:byte(i) == b:byte(j) then return distance(i - 1, j - 1) end
    return 1 + math.min(distance(i - 1, j), distance(i, j - 1), distance(i - 1, j - 1))
  end)
  return distance(#a, #b)
end

local function common_subsequence(a, b)
  local length
  length = memoise(function(key)
    local i = math.floor(key / 65536)
    local j = key % 65536
    if i == 0 or j == 0 then return 0 end
    if a:byte(i) == b:byte(j) then return 1 + length(key - 65537) end
    return math.max(length(key - 65536), length(key - 1))
  end)
  return length(#a * 65536 + #b)
end

local collatz
collatz = memoise(function(k)
  if k == 1 then return 1 end
  if k % 2 == 0 then return 1 + collatz(k / 2) end
  return 1 + collatz(3 * k + 1)
end)

print("partitions", partitions(2 * n, 2 * n), partitions(n, n))
local a, b = random_word(2 * n, 5), random_word(n + n / 2, 6)
print("edit distance", edit_distance(a, b))
print("common subsequence", common_subsequence(a, b))
local best, at = 0, 0
for k = 1, n * 700 do
  local length = collatz(k)
  if length > best then best, at = length, k end
end
print("collatz", best, at)
