-- Small object-oriented programs: bouncing balls, linked lists, tree storage, shapes with four receivers per call.
-- quick: 20

local n = tonumber(arg and arg[1]) or 8000

local function class(parent)
  local new = {}
  new.__index = new
  if parent then setmetatable(new, { __index = parent }) end
  function new.new(...)
    local object = setmetatable({}, new)
    object:init(...)
    return object
  end
  return new
end

local Random = class()
function Random:init(seed) self.seed = seed end
function Random:next()
  self.seed = (self.seed * 1309 + 13849) % 65536
  return self.seed
end

local Ball = class()
function Ball:init(random)
  self.x, self.y = random:next() % 500, random:next() % 500
  self.vx, self.vy = random:next() % 300 - 150, random:next() % 300 - 150
end
function Ball:bounce()
  self.x, self.y = self.x + self.vx, self.y + self.vy
  local bounced = false
  if self.x > 500 then self.x, self.vx, bounced = 500, -math.abs(self.vx), true end
  if self.x < 0 then self.x, self.vx, bounced = 0, math.abs(self.vx), true end
  if self.y > 500 then self.y, self.vy, bounced = 500, -math.abs(self.vy), true end
  if self.y < 0 then self.y, self.vy, bounced = 0, math.abs(self.vy), true end
  return bounced
end

local function bounce(frames)
  local random, balls, bounces = Random.new(74755), {}, 0
  for i = 1, 100 do balls[i] = Ball.new(random) end
  for _ = 1, frames do
    for _, ball in ipairs(balls) do
      if ball:bounce() then bounces = bounces + 1 end
    end
  end
  return bounces
end

local Element = class()
function Element:init(value, following) self.value, self.following = value, following end
function Element:length()
  if self.following then return 1 + self.following:length() end
  return 1
end
local function make_list(length)
  if length == 0 then return nil end
  return Element.new(length, make_list(length - 1))
end
local function is_shorter(x, y)
  while y do
    if not x then return true end
    x, y = x.following, y.following
  end
  return false
end
local function tail(x, y, z)
  if is_shorter(y, x) then
    return tail(tail(x.following, y, z), tail(y.following, z, x), tail(z.following, x, y))
  end
  return z
end

local Storage = class()
function Storage:init(random) self.random, self.count = random, 0 end
function Storage:build(depth)
  self.count = self.count + 1
  if depth == 1 then
    local leaf = {}
    for i = 1, self.random:next() % 10 + 1 do leaf[i] = false end
    return leaf
  end
  local children = {}
  for i = 1, 4 do children[i] = self:build(depth - 1) end
  return children
end

local Shape = class()
function Shape:init(size) self.size = size end
function Shape:describe() return self:area() + self:corners() end
local Square, Circle, Triangle, Hexagon = class(Shape), class(Shape), class(Shape), class(Shape)
function Square:area() return self.size * self.size end
function Square:corners() return 4 end
function Circle:area() return 3 * self.size * self.size end
function Circle:corners() return 0 end
function Triangle:area() return self.size * self.size / 2 end
function Triangle:corners() return 3 end
function Hexagon:area() return 2.5 * self.size * self.size end
function Hexagon:corners() return 6 end

local function shapes(rounds)
  local list, kinds = {}, { Square, Circle, Triangle, Hexagon }
  for i = 1, 200 do list[i] = kinds[i * 7 % 4 + 1].new(i % 10) end
  local sum = 0
  for _ = 1, rounds do
    for i = 1, #list do sum = sum + list[i]:describe() end
  end
  return sum
end

print("bounce", bounce(n))
local length = 0
for _ = 1, n / 20 do length = length + tail(make_list(15), make_list(10), make_list(6)):length() end
print("list", length)
local storage = Storage.new(Random.new(74755))
for _ = 1, n / 50 do storage:build(7) end
print("storage", storage.count)
print("shapes", shapes(n))
