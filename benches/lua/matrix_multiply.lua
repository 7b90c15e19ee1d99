-- Dense matrix products: of nested tables, of flat tables, and with a matrix class.
-- quick: 8

local n = tonumber(arg and arg[1]) or 170

local function nested(size, f)
  local rows = {}
  for i = 1, size do
    local row = {}
    for j = 1, size do row[j] = f(i, j) end
    rows[i] = row
  end
  return rows
end

local function multiply_nested(a, b, size)
  local transposed = nested(size, function(i, j) return b[j][i] end)
  local c = {}
  for i = 1, size do
    local row, result = a[i], {}
    for j = 1, size do
      local column, sum = transposed[j], 0
      for k = 1, size do sum = sum + row[k] * column[k] end
      result[j] = sum
    end
    c[i] = result
  end
  return c
end

local function multiply_flat(a, b, size)
  local c = {}
  for i = 0, size - 1 do
    for j = 0, size - 1 do c[i * size + j] = 0 end
    for k = 0, size - 1 do
      local factor = a[i * size + k]
      for j = 0, size - 1 do
        c[i * size + j] = c[i * size + j] + factor * b[k * size + j]
      end
    end
  end
  return c
end

local Matrix = {}
Matrix.__index = Matrix
function Matrix.new(size) return setmetatable({ size = size, cells = {} }, Matrix) end
function Matrix:get(i, j) return self.cells[(i - 1) * self.size + j] end
function Matrix:set(i, j, value) self.cells[(i - 1) * self.size + j] = value end
Matrix.__mul = function(a, b)
  local c = Matrix.new(a.size)
  for i = 1, a.size do
    for j = 1, a.size do
      local sum = 0
      for k = 1, a.size do sum = sum + a:get(i, k) * b:get(k, j) end
      c:set(i, j, sum)
    end
  end
  return c
end

local function f(i, j) return (i * 3 + j * 5) % 17 - 8 end
local function g(i, j) return (i * 7 - j * 2) % 13 / 4 end

local c = multiply_nested(nested(n, f), nested(n, g), n)

local fa, fb = {}, {}
for i = 1, n do
  for j = 1, n do
    fa[(i - 1) * n + j - 1] = f(i, j)
    fb[(i - 1) * n + j - 1] = g(i, j)
  end
end
local d = multiply_flat(fa, fb, n)

local ma, mb = Matrix.new(n), Matrix.new(n)
for i = 1, n do
  for j = 1, n do
    ma:set(i, j, f(i, j))
    mb:set(i, j, g(i, j))
  end
end
local e = ma * mb

local trace, sum = 0, 0
for i = 1, n do
  trace = trace + c[i][i]
  for j = 1, n do
    assert(c[i][j] == d[(i - 1) * n + j - 1] and c[i][j] == e:get(i, j))
    sum = sum + c[i][j]
  end
end
print(trace, sum)
