-- Conway's game of life, on a dense torus and on a sparse set of cells.
-- quick: 3

local n = tonumber(arg and arg[1]) or 1000

local WIDTH, HEIGHT = 96, 64

local function dense(generations)
  local rows, seed = {}, 11
  for y = 1, HEIGHT do
    rows[y] = {}
    for x = 1, WIDTH do
      seed = (seed * 16807) % 2147483647
      rows[y][x] = seed % 3 == 0 and 1 or 0
    end
  end
  for _ = 1, generations do
    local following = {}
    for y = 1, HEIGHT do
      local above, row, below = rows[(y - 2) % HEIGHT + 1], rows[y], rows[y % HEIGHT + 1]
      local new = {}
      for x = 1, WIDTH do
        local left, right = (x - 2) % WIDTH + 1, x % WIDTH + 1
        local neighbours = above[left] + above[x] + above[right] + row[left] + row[right]
          + below[left] + below[x] + below[right]
        new[x] = (neighbours == 3 or neighbours == 2 and row[x] == 1) and 1 or 0
      end
      following[y] = new
    end
    rows = following
  end
  local population = 0
  for y = 1, HEIGHT do
    for x = 1, WIDTH do population = population + rows[y][x] end
  end
  return population
end

-- Cells are numbers x + y * STRIDE, so that neighbours are at fixed distances.
local STRIDE = 100000
local AROUND = { -STRIDE - 1, -STRIDE, -STRIDE + 1, -1, 1, STRIDE - 1, STRIDE, STRIDE + 1 }

local function sparse(generations)
  local alive = {}
  local rows = { "......#.", "##......", ".#...###" } -- dies only after 130 generations
  for y, row in ipairs(rows) do
    for x = 1, #row do
      if row:sub(x, x) == "#" then alive[(y + 500) * STRIDE + x + 500] = true end
    end
  end
  for _ = 1, generations do
    local counts = {}
    for cell in pairs(alive) do
      for i = 1, 8 do
        local neighbour = cell + AROUND[i]
        counts[neighbour] = (counts[neighbour] or 0) + 1
      end
    end
    local following = {}
    for cell, count in pairs(counts) do
      if count == 3 or count == 2 and alive[cell] then following[cell] = true end
    end
    alive = following
  end
  local population, sum = 0, 0
  for cell in pairs(alive) do population, sum = population + 1, sum + cell end
  return population, sum
end

print("dense", dense(n))
print("sparse", sparse(n))
print("sparse", sparse(n * 6))
