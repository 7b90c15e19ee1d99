-- a key whose entry was removed is kept alive by no table

local weak = setmetatable({}, { __mode = "v" })
local strong = {}
local function add_and_remove(i)
  local key = {}
  strong[key] = true
  weak[i] = key
  strong[key] = nil
end
for i = 1, 20 do
  add_and_remove(i)
end
collectgarbage()
print(next(weak))

-- but a traversal that removes what it visits still finds its way
local objects, visited = {}, 0
for i = 1, 100 do
  objects[{}] = i
end
for key in pairs(objects) do
  objects[key] = nil
  key = nil
  collectgarbage("step")
  visited = visited + 1
end
print(visited, next(objects))

-- and strings may come back
local names = {}
for i = 1, 50 do
  names["name" .. i] = i
  names["name" .. i] = nil
end
collectgarbage()
for i = 1, 50 do
  names["name" .. i] = i
end
local sum = 0
for _, i in pairs(names) do
  sum = sum + i
end
print(sum)
