-- Escape times of the Mandelbrot set on a square grid, as a checksum and a small picture.
-- quick: 24

local n = tonumber(arg and arg[1]) or 1100

local LIMIT = 60

local function escape_time(cr, ci)
  local zr, zi, zr2, zi2 = 0, 0, 0, 0
  for count = 0, LIMIT - 1 do
    if zr2 + zi2 > 4 then return count end
    zi = 2 * zr * zi + ci
    zr = zr2 - zi2 + cr
    zr2, zi2 = zr * zr, zi * zi
  end
  return LIMIT
end

local function sample(side, visit)
  for row = 0, side - 1 do
    local ci = 2 * row / side - 1
    for column = 0, side - 1 do
      visit(row, column, escape_time(3 * column / side - 2.1, ci))
    end
  end
end

local inside, sum, xored = 0, 0, 0
sample(n, function(row, column, count)
  if count == LIMIT then inside = inside + 1 end
  sum = sum + count
  xored = (xored * 31 + count) % 1000003
end)
print(inside, sum, xored)

local shades = " .:-=+*#%@"
local lines = {}
sample(20, function(row, column, count)
  local shade = 1 + math.floor(count * 9 / LIMIT)
  lines[row + 1] = (lines[row + 1] or "") .. shades:sub(shade, shade):rep(2)
end)
for i, line in ipairs(lines) do lines[i] = "|" .. line .. "|" end
print(table.concat(lines, "\n"))
