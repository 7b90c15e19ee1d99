-- Permutations three ways: in place, in lexicographic order, by a coroutine.
-- quick: 4

local n = tonumber(arg and arg[1]) or 9

local function in_place(items, visit)
  local function permute(count)
    if count == 1 then return visit(items) end
    for i = 1, count do
      items[i], items[count] = items[count], items[i]
      permute(count - 1)
      items[i], items[count] = items[count], items[i]
    end
  end
  permute(#items)
end

local function advance(items)
  local i = #items - 1
  while i > 0 and items[i] >= items[i + 1] do i = i - 1 end
  if i == 0 then return false end
  local j = #items
  while items[j] <= items[i] do j = j - 1 end
  items[i], items[j] = items[j], items[i]
  local low, high = i + 1, #items
  while low < high do
    items[low], items[high] = items[high], items[low]
    low, high = low + 1, high - 1
  end
  return true
end

local function each(items)
  return coroutine.wrap(function() in_place(items, coroutine.yield) end)
end

local function identity(size)
  local items = {}
  for i = 1, size do items[i] = i end
  return items
end

local function hash(items)
  local h = 0
  for i = 1, #items do h = h * 10 + items[i] end
  return h % 1000003
end

local count, sum = 0, 0
in_place(identity(n), function(items)
  count = count + 1
  sum = (sum * 3 + hash(items)) % 1000003
end)
print("in place", count, sum)

count, sum = 0, 0
local items = identity(n)
repeat
  count = count + 1
  sum = (sum * 3 + hash(items)) % 1000003
until not advance(items)
print("lexicographic", count, sum)

count, sum = 0, 0
for items in each(identity(n)) do
  count = count + 1
  sum = (sum * 3 + hash(items)) % 1000003
end
print("coroutine", count, sum)
