-- not under gc stress: makes thousands of objects and steps. Weak tables of all kinds that change while collections go in steps.
local names = { "k", "v", "kv" }
local tables, strong = {}, {}
for _, mode in ipairs(names) do
  tables[mode] = setmetatable({}, { __mode = mode })
end

local seed = 1
local function random(below)
  seed = seed * 16807 % 2147483647
  return seed % below
end

-- Every entry says of its own accord whether it has to stay.
local function add(mode, round)
  local key, value = { round }, { round }
  local kept = random(3)
  if kept == 1 then strong[#strong + 1] = key elseif kept == 2 then strong[#strong + 1] = value end
  tables[mode][key] = value
  if random(4) == 0 then tables[mode]["name" .. round] = value end
  if random(4) == 0 then tables[mode][#tables[mode] + 1] = value end
end

local function check(mode)
  local isStrong = {}
  for _, object in ipairs(strong) do isStrong[object] = true end
  for key, value in pairs(tables[mode]) do
    -- What is weak and in no other place is gone.
    if type(key) == "table" and mode ~= "v" then assert(isStrong[key], "a dead key in " .. mode) end
    if mode ~= "k" then assert(isStrong[value], "a dead value in " .. mode) end
    assert(type(value) == "table" and value[1] > 0)
    if type(key) == "table" then assert(key[1] == value[1]) end
  end
end

local cycles = 0
for round = 1, 6000 do
  add(names[random(3) + 1], round)
  local mode = names[random(3) + 1]
  if random(50) == 0 then
    -- Strong for a while, then weak again.
    setmetatable(tables[mode], nil)
    tables[mode][{ round }] = { round }
  elseif random(25) == 0 then
    setmetatable(tables[mode], { __mode = mode })
  end
  if random(40) == 0 then
    for key in pairs(tables[mode]) do
      if random(2) == 0 then tables[mode][key] = nil end
    end
  end
  if random(500) == 0 then strong = {} end
  if collectgarbage("step", random(4)) then cycles = cycles + 1 end
  if round % 1500 == 0 then
    for _, mode in ipairs(names) do setmetatable(tables[mode], { __mode = mode }) end
    collectgarbage()
    collectgarbage()
    for _, mode in ipairs(names) do check(mode) end
  end
end
print(cycles > 5)

-- Written in the middle of a collection, and dead before its end.
local cache = setmetatable({}, { __mode = "v" })
local ballast = {}
for i = 1, 3000 do ballast[i] = { i } end
collectgarbage()
local late = 0
for i = 1, 200 do
  repeat
    cache[i] = { i }
    local done = collectgarbage("step", 8)
  until done
end
collectgarbage()
for _ in pairs(cache) do late = late + 1 end
print(late)
