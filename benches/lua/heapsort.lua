-- Heapsort, and a binary heap used as a priority queue of records.
-- quick: 500

local n = tonumber(arg and arg[1]) or 400000

local function sift_down(a, start, finish)
  local value, root = a[start], start
  while true do
    local child = 2 * root
    if child > finish then break end
    if child < finish and a[child] < a[child + 1] then child = child + 1 end
    if value >= a[child] then break end
    a[root] = a[child]
    root = child
  end
  a[root] = value
end

local function heapsort(a)
  local count = #a
  for start = math.floor(count / 2), 1, -1 do sift_down(a, start, count) end
  for finish = count, 2, -1 do
    a[1], a[finish] = a[finish], a[1]
    sift_down(a, 1, finish - 1)
  end
end

local Queue = {}
Queue.__index = Queue

function Queue:push(priority, item)
  local heap = self
  local i = #heap + 1
  while i > 1 do
    local parent = (i - i % 2) / 2
    if heap[parent].priority <= priority then break end
    heap[i] = heap[parent]
    i = parent
  end
  heap[i] = { priority = priority, item = item }
end

function Queue:pop()
  local heap, count = self, #self
  local top, last = heap[1], heap[count]
  heap[count] = nil
  count = count - 1
  if count > 0 then
    local i = 1
    while true do
      local child = 2 * i
      if child > count then break end
      if child < count and heap[child + 1].priority < heap[child].priority then child = child + 1 end
      if last.priority <= heap[child].priority then break end
      heap[i] = heap[child]
      i = child
    end
    heap[i] = last
  end
  return top
end

local seed = 3
local function random()
  seed = (seed * 16807) % 2147483647
  return seed
end

local a = {}
for i = 1, n do a[i] = random() / 1000 end
heapsort(a)
for i = 2, n do assert(a[i - 1] <= a[i]) end
print(string.format("%.3f %.3f %.3f", a[1], a[math.ceil(n / 2)], a[n]))

local queue = setmetatable({}, Queue)
for i = 1, n / 4 do queue:push(random(), i) end
local checksum, previous = 0, 0
for i = 1, n / 2 do
  local top = queue:pop()
  checksum = (checksum * 5 + top.item + top.priority) % 1000000007
  if i <= n / 4 then queue:push(top.priority + random() % 100000, i) end
end
print(checksum, #queue)
