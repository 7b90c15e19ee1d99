-- type, select, rawget, rawset, rawequal, assert, getmetatable, setmetatable.
-- quick: 100
local n = tonumber(arg and arg[1]) or 1000000
local type, select, rawget, rawset, rawequal, assert = type, select, rawget, rawset, rawequal, assert
local setmetatable, getmetatable = setmetatable, getmetatable
local function count(...) return select("#", ...) + select(2, ...) end
local meta, object, sum = {}, {}, 0
for i = 1, n do
  if type(i) == "number" and type(object) == "table" then sum = sum + 1 end
  rawset(object, 1, i)
  sum = sum + rawget(object, 1) + count(i, 1, 2) + assert(i, "message")
  if rawequal(object, meta) then sum = 0 end
  if getmetatable(setmetatable(object, meta)) == meta then sum = sum + 1 end
end
print(sum)
