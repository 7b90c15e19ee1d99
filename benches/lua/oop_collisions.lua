-- Collision detection between moving aircraft: voxel hashing, swept spheres, vectors as objects.
-- quick: 5

local n = tonumber(arg and arg[1]) or 2500

local Vector = {}
Vector.__index = Vector
function Vector.new(x, y, z) return setmetatable({ x = x, y = y, z = z }, Vector) end
function Vector:plus(o) return Vector.new(self.x + o.x, self.y + o.y, self.z + o.z) end
function Vector:minus(o) return Vector.new(self.x - o.x, self.y - o.y, self.z - o.z) end
function Vector:times(k) return Vector.new(self.x * k, self.y * k, self.z * k) end
function Vector:dot(o) return self.x * o.x + self.y * o.y + self.z * o.z end

local Aircraft = {}
Aircraft.__index = Aircraft
function Aircraft.new(id, lane) return setmetatable({ id = id, lane = lane }, Aircraft) end
function Aircraft:position(time)
  local angle = time * (0.6 + self.id % 5 * 0.2) + self.id
  return Vector.new(
    500 + (self.lane * 31 + 300 * math.cos(angle)) % 480,
    500 + (self.lane * 17 + 300 * math.sin(angle)) % 480,
    10 * math.sin(time + self.lane)
  )
end

local Motion = {}
Motion.__index = Motion
function Motion.new(craft, from, to) return setmetatable({ craft = craft, from = from, to = to }, Motion) end

-- Does the distance between two points that move linearly fall below `radius`? Returns when.
function Motion:meets(other, radius)
  local start = self.from:minus(other.from)
  local relative = self.to:minus(self.from):minus(other.to:minus(other.from))
  local a = relative:dot(relative)
  local b = start:dot(relative)
  local c = start:dot(start) - radius * radius
  if c <= 0 then return 0 end
  if a == 0 then return nil end
  local discriminant = b * b - a * c
  if discriminant < 0 then return nil end
  local when = (-b - math.sqrt(discriminant)) / a
  if when >= 0 and when <= 1 then return when end
end

local VOXEL, STRIDE = 40, 4096

local Detector = {}
Detector.__index = Detector
function Detector.new(count)
  local self = setmetatable({ crafts = {}, last = {} }, Detector)
  for id = 1, count do
    self.crafts[id] = Aircraft.new(id, id * 7 % 50)
    self.last[id] = self.crafts[id]:position(0)
  end
  return self
end

function Detector:mark_voxels(motion, voxels)
  local floor = math.floor
  local x0, x1 = floor(motion.from.x / VOXEL), floor(motion.to.x / VOXEL)
  local y0, y1 = floor(motion.from.y / VOXEL), floor(motion.to.y / VOXEL)
  if x0 > x1 then x0, x1 = x1, x0 end
  if y0 > y1 then y0, y1 = y1, y0 end
  for x = x0, x1 do
    for y = y0, y1 do
      local key = x * STRIDE + y
      local list = voxels[key]
      if not list then
        list = {}
        voxels[key] = list
      end
      list[#list + 1] = motion
    end
  end
end

function Detector:frame(time)
  local voxels, found, meetings = {}, {}, {}
  for id, craft in ipairs(self.crafts) do
    local position = craft:position(time)
    self:mark_voxels(Motion.new(craft, self.last[id], position), voxels)
    self.last[id] = position
  end
  for _, list in pairs(voxels) do
    for i = 1, #list - 1 do
      for j = i + 1, #list do
        local a, b = list[i], list[j]
        local pair = a.craft.id * STRIDE + b.craft.id
        if not found[pair] then
          local when = a:meets(b, 6)
          if when then
            found[pair] = true
            meetings[#meetings + 1] = pair
          end
        end
      end
    end
  end
  table.sort(meetings)
  return meetings
end

local detector = Detector.new(90)
local total, checksum = 0, 0
for frame = 1, n do
  local meetings = detector:frame(frame / 20)
  total = total + #meetings
  for _, pair in ipairs(meetings) do checksum = (checksum * 31 + pair) % 1000003 end
end
print(total, checksum)
