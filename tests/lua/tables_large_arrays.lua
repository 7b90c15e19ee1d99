-- Arrays that become large: side by side, appended to, filled from behind, emptied from the front.

local function check(array, first, last, scale)
  for i = first, last do assert(array[i] == i * scale, i) end
  assert(array[last + 1] == nil and array[first - 1] == nil)
end

local n = 12000
local one, other = {}, {}
for i = 1, n do
  one[i] = i
  if i % 3 == 0 then other[i / 3] = i end
end
check(one, 1, n, 1)
check(other, 1, n / 3, 3)
print(#one, #other)

-- Growing after objects have been put behind it.
local kept = {}
for i = n + 1, 2 * n do
  one[i] = i
  if i % 100 == 0 then kept[#kept + 1] = { tostring(i) } end
end
check(one, 1, 2 * n, 1)
print(#one, #kept, kept[1][1], kept[#kept][1])

-- References in the part that was added last.
local texts = {}
for i = 1, n do texts[i] = i % 1000 == 0 and "text " .. i or i end
collectgarbage()
for i = n + 1, n + 3000 do texts[i] = { i } end
collectgarbage()
print(#texts, texts[n], texts[n + 3000][1])

-- From behind, and in steps.
local behind, steps = {}, {}
for i = n, 1, -1 do behind[i] = i end
for offset = 1, 3 do
  for i = offset, n, 3 do steps[i] = i end
end
check(behind, 1, n, 1)
check(steps, 1, n, 1)
print(#behind, #steps)

-- A queue does not grow with what has passed through it.
local queue, head = {}, 1
collectgarbage()
local before = collectgarbage("count")
for i = 1, 5 * n do
  queue[i] = i
  if i - head >= 50 then
    queue[head] = nil
    head = head + 1
  end
end
collectgarbage()
print(head, queue[5 * n], collectgarbage("count") - before < 400)

-- Grown by the library.
local inserted = {}
for i = 1, n do table.insert(inserted, i) end
check(inserted, 1, n, 1)
local listed = { unpack(inserted, 1, 7000) }
for i = 7001, n do listed[i] = i end
check(listed, 1, n, 1)
print(#inserted, #listed)
