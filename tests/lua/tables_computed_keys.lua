-- Keys that a program computes: in the array part, in the hash part, among the fields, in dictionaries; there and not there.

-- 0 and -0 are the same key; NaN is never one.
local zero = {}
zero[0] = "zero"
print(zero[-0], zero[0 * -1], zero[1 / -math.huge])
zero[0 * -1] = "again"
print(zero[0])
local nan = 0 / 0
print(zero[nan], pcall(function() zero[nan] = 1 end))
print(zero[nil], pcall(function() zero[nil] = 1 end))

-- Keys of all types.
local f, t, co = print, {}, coroutine.create(function() end)
local keys = { 1, 1.5, -1, 2 ^ 31, 2 ^ 32 + 1, 2 ^ 53, 1e300, math.huge, -math.huge, true, false, f, t, co, io.stdout, "name", "" }
local by_key = {}
for i = 1, #keys do by_key[keys[i]] = i end
for round = 1, 2 do
  local sum = 0
  for i = 1, #keys do
    assert(by_key[keys[i]] == i + (round - 1) * 100)
    by_key[keys[i]] = i + round * 100
    sum = sum + by_key[keys[i]]
  end
  print(sum)
end
for i = 1, #keys, 2 do by_key[keys[i]] = nil end
for i = 1, #keys do io.write(tostring(by_key[keys[i]]), " ") end
print()

-- Many keys, most of which share the place where their probes begin.
local many = {}
for i = 1, 3000 do many[i * 4096 + 0.5] = i end
for i = 1, 3000, 3 do many[i * 4096 + 0.5] = nil end
local count, missing = 0, 0
for i = 0, 3001 do
  if many[i * 4096 + 0.5] then count = count + 1 else missing = missing + 1 end
end
print(count, missing)
for i = 1, 3000 do many[i * 4096 + 0.5] = (many[i * 4096 + 0.5] or 0) + i end
local sum = 0
for i = 1, 3000 do sum = sum + many[i * 4096 + 0.5] end
print(sum)

-- What a table does not have, before and after it has a metatable, and while that changes.
local function read(object, key) return object[key] end
local function write(object, key, x) object[key] = x end
local some = { 10, 20, nil, 40, name = 1 }
local absent = { 3, 5, -1, 0.5, "other", true, some }
local function show()
  local line = {}
  for i = 1, #absent do line[i] = tostring(read(some, absent[i])) end
  print(table.concat(line, " "))
end
show()
local meta = {}
setmetatable(some, meta)
show()
meta.__index = function(_, key) return "made of " .. type(key) end
show()
meta.__index = { [3] = "three", [0.5] = "half", other = "inherited" }
show()
meta.__index = nil
show()
local log = {}
meta.__newindex = function(object, key, x) log[#log + 1] = type(key); rawset(object, key, x) end
for i = 1, #absent do write(some, absent[i], i) end
for i = 1, #absent do write(some, absent[i], -i) end
print(table.concat(log, " "))
show()
for i = 1, #absent do write(some, absent[i], nil) end
meta.__newindex = nil
show()

-- Strings in tables with few fields, with many, and in weak ones; names of metamethods too.
local function fill(object, count)
  for i = 1, count do write(object, "key" .. i, i) end
  return object
end
for _, count in ipairs { 3, 7, 9, 40, 300 } do
  local object = fill({}, count)
  local found = 0
  for i = 0, count + 1 do found = found + (read(object, "key" .. i) or 1000) end
  for i = 1, count, 2 do write(object, "key" .. i, nil) end
  for i = 1, count do found = found + (read(object, "key" .. i) or 0.5) end
  print(count, found)
end
local weak = fill(setmetatable({}, { __mode = "k" }), 5)
print(read(weak, "key3"), read(weak, "key9"))
local class = {}
local object = setmetatable({}, class)
write(class, "__in" .. "dex", function(_, key) return key .. "!" end)
print(read(object, "x"), object.y)
write(class, "__in" .. "dex", nil)
print(read(object, "x"), object.y)
