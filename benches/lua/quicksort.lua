-- Hand-written quicksort with insertion sort for short runs, on several input shapes.
-- quick: 500

local n = tonumber(arg and arg[1]) or 350000

local function insertion_sort(a, low, high)
  for i = low + 1, high do
    local value, j = a[i], i - 1
    while j >= low and a[j] > value do
      a[j + 1] = a[j]
      j = j - 1
    end
    a[j + 1] = value
  end
end

local function quicksort(a, low, high)
  while high - low > 12 do
    local middle = math.floor((low + high) / 2)
    if a[middle] < a[low] then a[middle], a[low] = a[low], a[middle] end
    if a[high] < a[low] then a[high], a[low] = a[low], a[high] end
    if a[high] < a[middle] then a[high], a[middle] = a[middle], a[high] end
    local pivot = a[middle]
    local i, j = low, high
    repeat
      while a[i] < pivot do i = i + 1 end
      while pivot < a[j] do j = j - 1 end
      if i <= j then
        a[i], a[j] = a[j], a[i]
        i, j = i + 1, j - 1
      end
    until i > j
    if j - low < high - i then
      quicksort(a, low, j)
      low = i
    else
      quicksort(a, i, high)
      high = j
    end
  end
  insertion_sort(a, low, high)
end

local shapes = {
  random = function(i, seed) return seed end,
  few = function(i, seed) return seed % 16 end,
  ascending = function(i) return i end,
  descending = function(i) return -i end,
  organ = function(i) return math.min(i, n - i) end,
}

for _, name in ipairs { "random", "few", "ascending", "descending", "organ" } do
  local a, seed = {}, 99
  for i = 1, n do
    seed = (seed * 16807) % 2147483647
    a[i] = shapes[name](i, seed)
  end
  quicksort(a, 1, n)
  local checksum = 0
  for i = 2, n do
    assert(a[i - 1] <= a[i], name)
    checksum = (checksum * 3 + a[i]) % 1000000007
  end
  print(name, a[1], a[n], checksum)
end
