-- The Mandelbrot set in characters, and how long it took.
local width, height, limit = 100, 38, 20000
local shades = " .:-=+*#%@"
local started = os.clock()

for row = 0, height - 1 do
  local ci = (row / height) * 2.4 - 1.2
  local line = {}
  for column = 0, width - 1 do
    local cr = (column / width) * 3.2 - 2.2
    local zr, zi, n = 0, 0, 0
    while n < limit do
      local zr2, zi2 = zr * zr, zi * zi
      if zr2 + zi2 > 4 then break end
      zi = 2 * zr * zi + ci
      zr = zr2 - zi2 + cr
      n = n + 1
    end
    local shade = n == limit and #shades or math.min(#shades - 1, math.floor(n ^ 0.5)) + 1
    line[#line + 1] = shades:sub(shade, shade)
  end
  print(table.concat(line))
end

print(string.format("%d x %d points, at most %d rounds each: %.2f s", width, height, limit, os.clock() - started))
