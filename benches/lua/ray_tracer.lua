-- Ray tracer whose vectors are tables with arithmetic metamethods.
-- quick: 8

local n = tonumber(arg and arg[1]) or 320

local sqrt, floor, max = math.sqrt, math.floor, math.max

local Vector = {}
Vector.__index = Vector
local function vector(x, y, z) return setmetatable({ x = x, y = y, z = z }, Vector) end
Vector.__add = function(a, b) return vector(a.x + b.x, a.y + b.y, a.z + b.z) end
Vector.__sub = function(a, b) return vector(a.x - b.x, a.y - b.y, a.z - b.z) end
Vector.__unm = function(a) return vector(-a.x, -a.y, -a.z) end
Vector.__mul = function(a, b)
  if type(b) == "number" then return vector(a.x * b, a.y * b, a.z * b) end
  if type(a) == "number" then return vector(a * b.x, a * b.y, a * b.z) end
  return vector(a.x * b.x, a.y * b.y, a.z * b.z)
end
Vector.__div = function(a, b) return vector(a.x / b, a.y / b, a.z / b) end
Vector.__eq = function(a, b) return a.x == b.x and a.y == b.y and a.z == b.z end
function Vector:dot(other) return self.x * other.x + self.y * other.y + self.z * other.z end
function Vector:length() return sqrt(self:dot(self)) end
function Vector:unit() return self / self:length() end

local Sphere = {}
Sphere.__index = Sphere
function Sphere.new(centre, radius, colour, gloss)
  return setmetatable({ centre = centre, radius = radius, colour = colour, gloss = gloss }, Sphere)
end
function Sphere:hit(origin, direction)
  local offset = origin - self.centre
  local b = offset:dot(direction)
  local discriminant = b * b - offset:dot(offset) + self.radius * self.radius
  if discriminant < 0 then return nil end
  local root = sqrt(discriminant)
  local distance = -b - root
  if distance < 1e-4 then distance = root - b end
  if distance > 1e-4 then return distance end
end
function Sphere:normal(point) return (point - self.centre) / self.radius end
function Sphere:colour_at() return self.colour end

local Floor = {}
Floor.__index = Floor
function Floor:hit(origin, direction)
  if direction.y >= -1e-6 then return nil end
  return (self.height - origin.y) / direction.y
end
function Floor:normal() return vector(0, 1, 0) end
function Floor:colour_at(point)
  local checker = (floor(point.x) + floor(point.z)) % 2
  return checker == 0 and self.dark or self.bright
end

local scene = {
  Sphere.new(vector(0, 0, 6), 1.4, vector(1, 0.3, 0.3), 0.3),
  Sphere.new(vector(2.2, 0.4, 4.5), 0.9, vector(0.3, 1, 0.4), 0.5),
  Sphere.new(vector(-2, -0.3, 4.8), 0.8, vector(0.3, 0.4, 1), 0.2),
  setmetatable({ height = -1.3, dark = vector(0.2, 0.2, 0.2), bright = vector(0.9, 0.9, 0.8), gloss = 0.1 }, {
    __index = Floor,
  }),
}
local light = vector(-5, 8, -3)
local sky = vector(0.4, 0.6, 0.9)

local function nearest(origin, direction)
  local best, object
  for _, candidate in ipairs(scene) do
    local distance = candidate:hit(origin, direction)
    if distance and distance > 1e-4 and (not best or distance < best) then
      best, object = distance, candidate
    end
  end
  return object, best
end

local function trace(origin, direction, depth)
  local object, distance = nearest(origin, direction)
  if not object then return sky * max(0.3, 1 - direction.y) end
  local point = origin + direction * distance
  local normal = object:normal(point)
  local to_light = (light - point):unit()
  local brightness = 0.15
  if not nearest(point + normal * 1e-3, to_light) then
    brightness = brightness + 0.85 * max(0, normal:dot(to_light))
  end
  local colour = brightness * object:colour_at(point)
  if depth > 0 and object.gloss > 0 then
    local reflected = direction - 2 * normal:dot(direction) * normal
    colour = colour * (1 - object.gloss) + trace(point + normal * 1e-3, reflected, depth - 1) * object.gloss
  end
  return colour
end

local total, checksum = vector(0, 0, 0), 0
local eye = vector(0, 0.5, -2)
for row = 0, n - 1 do
  for column = 0, n - 1 do
    local direction = vector((column + 0.5) / n - 0.5, 0.5 - (row + 0.5) / n, 0.9):unit()
    local colour = trace(eye, direction, 3)
    total = total + colour
    checksum = (checksum * 7 + floor(colour.x * 255) + floor(colour.y * 255)) % 1000003
  end
end
print(string.format("mean colour %.6f %.6f %.6f", total.x / n ^ 2, total.y / n ^ 2, total.z / n ^ 2))
print(checksum, -(-total) == total)
