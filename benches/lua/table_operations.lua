-- The table library: insert, remove, concat; queues, stacks, deletion while walking, growing and clearing.
-- quick: 100

local n = tonumber(arg and arg[1]) or 35000

local insert, remove, concat = table.insert, table.remove, table.concat

local function stack(count)
  local list, sum = {}, 0
  for i = 1, count do insert(list, i) end
  while #list > 0 do sum = sum + remove(list) * #list end
  return sum
end

local function short_queue(count)
  local list, sum = {}, 0
  for i = 1, 30 do list[i] = i end
  for i = 1, count do
    sum = sum + remove(list, 1)
    insert(list, i)
    insert(list, 15, i)
    remove(list, 7)
  end
  return sum, #list
end

local function hash_churn(count)
  local set, size = {}, 0
  for i = 1, count do
    local key = "key" .. i * 7919 % 5003
    if set[key] then
      set[key] = nil
      size = size - 1
    else
      set[key] = i
      size = size + 1
    end
  end
  local sum = 0
  for _, value in pairs(set) do sum = sum + value end
  return size, sum
end

local function delete_while_walking(count)
  local set = {}
  for i = 1, count do set[i * 3] = i end
  local kept = 0
  for key, value in pairs(set) do
    if value % 2 == 0 then set[key] = nil else kept = kept + 1 end
  end
  local left = 0
  for _ in pairs(set) do left = left + 1 end
  return kept, left
end

local function rows(count)
  local lines = {}
  for i = 1, count do
    local row = { i, i * 2, "x" .. i, i / 4 }
    lines[#lines + 1] = concat(row, ",")
  end
  return #concat(lines, "\n")
end

local function backwards(count)
  local list = {}
  for i = count, 1, -1 do list[i] = i end
  local sum = 0
  for i = 1, #list do sum = sum + list[i] end
  return sum
end

local function linked(count)
  local head
  for i = 1, count do head = { value = i, following = head } end
  local reversed
  while head do head, head.following, reversed = head.following, reversed, head end
  local sum, k = 0, 0
  while reversed do
    k = k + 1
    sum = (sum + reversed.value * k) % 1000003
    reversed = reversed.following
  end
  return sum
end

local function small_tables(count)
  local sum = 0
  for i = 1, count do
    local point = { x = i, y = i + 1, label = "p" }
    local list = { i, i, i }
    list[4] = point
    sum = sum + point.x + list[4].y + #list
  end
  return sum
end

print("stack", stack(n * 6))
print("queue", short_queue(n * 3))
print("churn", hash_churn(n * 8))
print("delete", delete_while_walking(n * 5))
print("rows", rows(n * 3))
print("backwards", backwards(n * 3))
print("linked", linked(n * 5))
print("small", small_tables(n * 8))
