-- Gravitation between a star and four planets, leapfrog steps, bodies as tables of named fields.
-- quick: 1000

local n = tonumber(arg and arg[1]) or 400000

local sqrt = math.sqrt

local function body(name, mass, distance, speed, tilt)
  return {
    name = name, mass = mass,
    x = distance, y = 0, z = distance * tilt,
    vx = 0, vy = speed, vz = -speed * tilt,
  }
end

-- Units: distance to the first planet, mass of the star, G = 1.
local bodies = {
  body("star", 1.0, 0, 0, 0),
  body("inner", 3.0e-6, 1.0, 1.0, 0.01),
  body("giant", 9.5e-4, 5.2, 0.4385, 0.02),
  body("ringed", 2.8e-4, 9.5, 0.3244, -0.04),
  body("outer", 5.1e-5, 30.1, 0.1823, 0.03),
}

local function stop_drift(system)
  local px, py, pz = 0, 0, 0
  for _, b in ipairs(system) do
    px = px + b.vx * b.mass
    py = py + b.vy * b.mass
    pz = pz + b.vz * b.mass
  end
  local star = system[1]
  star.vx = star.vx - px / star.mass
  star.vy = star.vy - py / star.mass
  star.vz = star.vz - pz / star.mass
end

local function energy(system)
  local total = 0
  for i, a in ipairs(system) do
    total = total + 0.5 * a.mass * (a.vx ^ 2 + a.vy ^ 2 + a.vz ^ 2)
    for j = i + 1, #system do
      local b = system[j]
      local dx, dy, dz = a.x - b.x, a.y - b.y, a.z - b.z
      total = total - a.mass * b.mass / sqrt(dx * dx + dy * dy + dz * dz)
    end
  end
  return total
end

local function step(system, dt)
  local count = #system
  for i = 1, count do
    local a = system[i]
    local ax, ay, az, am = a.x, a.y, a.z, a.mass
    local vx, vy, vz = a.vx, a.vy, a.vz
    for j = i + 1, count do
      local b = system[j]
      local dx, dy, dz = ax - b.x, ay - b.y, az - b.z
      local square = dx * dx + dy * dy + dz * dz
      local pull = dt / (square * sqrt(square))
      local bm = b.mass * pull
      vx = vx - dx * bm
      vy = vy - dy * bm
      vz = vz - dz * bm
      local am_pull = am * pull
      b.vx = b.vx + dx * am_pull
      b.vy = b.vy + dy * am_pull
      b.vz = b.vz + dz * am_pull
    end
    a.vx, a.vy, a.vz = vx, vy, vz
  end
  for i = 1, count do
    local b = system[i]
    b.x = b.x + dt * b.vx
    b.y = b.y + dt * b.vy
    b.z = b.z + dt * b.vz
  end
end

stop_drift(bodies)
print(string.format("%.10f", energy(bodies)))
for _ = 1, n do step(bodies, 0.005) end
print(string.format("%.10f", energy(bodies)))
for _, b in ipairs(bodies) do
  print(string.format("%-8s %.6f %.6f %.6f", b.name, b.x, b.y, b.z))
end
