-- table.sort with comparators: descending, by field, by several fields, by __lt.
-- quick: 300

local n = tonumber(arg and arg[1]) or 110000

local seed = 23
local function random(limit)
  seed = (seed * 16807) % 2147483647
  return seed % limit
end

local numbers = {}
for i = 1, n do numbers[i] = random(1000000000) end
table.sort(numbers, function(a, b) return a > b end)
print("descending", numbers[1], numbers[n])

local people = {}
for i = 1, n do
  people[i] = { id = i, age = random(90), city = ("city%02d"):format(random(40)) }
end
table.sort(people, function(a, b)
  if a.city ~= b.city then return a.city < b.city end
  if a.age ~= b.age then return a.age > b.age end
  return a.id < b.id
end)
local sum = 0
for i, person in ipairs(people) do sum = (sum * 3 + person.id * i) % 1000000007 end
print("records", people[1].id, people[n].id, sum)

local Version = {}
Version.__index = Version
Version.__lt = function(a, b)
  if a.major ~= b.major then return a.major < b.major end
  if a.minor ~= b.minor then return a.minor < b.minor end
  return a.patch < b.patch
end
local versions = {}
for i = 1, n / 2 do
  versions[i] = setmetatable({ major = random(5), minor = random(100), patch = random(1000) }, Version)
end
table.sort(versions)
local first, last = versions[1], versions[#versions]
print("versions", first.major, first.minor, first.patch, last.major, last.minor, last.patch)

local key = {}
for i = 1, n do key[i] = random(1000000007) end
local order = {}
for i = 1, n do order[i] = i end
table.sort(order, function(a, b) return key[a] < key[b] or key[a] == key[b] and a < b end)
sum = 0
for i, index in ipairs(order) do sum = (sum * 5 + index * i) % 1000000007 end
print("indirect", order[1], order[n], sum)
