-- What instructions remember of fields: several shapes at one place, classes that change, shapes that die.

local function read(object) return object.x end
local function write(object, value) object.x = value end
local function call(object) return object:name() end

local function shaped(kind, value)
    if kind == 1 then return { x = value } end
    if kind == 2 then return { a = 1, x = value } end
    if kind == 3 then return { a = 1, b = 2, x = value } end
    if kind == 4 then return { a = 1, b = 2, c = 3, d = 4, e = 5, f = 6, g = 7, h = 8, x = value } end
    if kind == 5 then return { b = 1, x = value } end
    return { c = 1, d = 2, x = value }
end

-- One shape, then a second one, and so on up to six.
for kinds = 1, 6 do
    local sum = 0
    for i = 1, 300 do
        local object = shaped(i % kinds + 1, i)
        write(object, read(object) + 1)
        sum = sum + read(object)
    end
    print(kinds, sum)
end

-- Fields without a value, of tables of which nothing can be inherited, then something can.
local Class = {}
Class.__index = Class
local object = setmetatable({ x = 1 }, Class)
local function both() return tostring(read(object)) .. " " .. tostring(object.y) end
for i = 1, 200 do both() end
print(both())
object.x = nil
print(both())
Class.x = "inherited"
print(both())
Class.y = "too"
print(both())
Class.x = nil
print(both())
setmetatable(Class, { __index = function(_, key) return "computed " .. key end })
print(both())
object.x = 5
print(both())

-- Methods: of several classes, replaced, removed.
local classes = {}
for k = 1, 6 do
    local class = {}
    class.__index = class
    class.name = function() return "class " .. k end
    classes[k] = class
end
local function names(kinds)
    local seen = {}
    for i = 1, 120 do
        local k = i % kinds + 1
        seen[k] = call(setmetatable({ [i] = i, k = k }, classes[k]))
    end
    return table.concat(seen, ", ")
end
for kinds = 1, 6 do print(names(kinds)) end
classes[2].name = function(self) return "replaced " .. self.k end
print(names(4))
classes[3].name = nil
print((pcall(names, 3)))
classes[3].name = function() return "back" end
print(names(3))

-- Shapes that die while compiled code remembers them; their memory is used again.
local function of_new_shape(round)
    local object = {}
    for k = 1, 5 do object["field" .. round .. "_" .. k] = k end
    object.x = round
    object.last = -round
    return object
end
local sum = 0
for round = 1, 120 do
    local object = of_new_shape(round)
    for i = 1, 3 do sum = sum + read(object) + object.last end
    write(object, 2)
    sum = sum + read(object)
    if round % 10 == 0 then
        object = nil
        collectgarbage()
    end
end
print(sum)

-- Two environments with globals of the same names.
local function counter() count = count + step return count end
local environments = { { count = 0, step = 1 }, { step = 10, other = true, count = 100 } }
for i = 1, 200 do
    setfenv(counter, environments[i % 2 + 1])
    counter()
end
print(environments[1].count, environments[2].count)
