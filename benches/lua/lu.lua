-- LU decomposition with partial pivoting, and solving with it.
-- quick: 12

local n = tonumber(arg and arg[1]) or 330

local abs = math.abs

local function random_matrix(size, seed)
  local matrix = {}
  for i = 1, size do
    local row = {}
    for j = 1, size do
      seed = (seed * 16807) % 2147483647
      row[j] = seed / 1073741823.5 - 1
    end
    matrix[i] = row
  end
  return matrix
end

local function decompose(a, size)
  local order, sign = {}, 1
  for i = 1, size do order[i] = i end
  for k = 1, size do
    local pivot = k
    for i = k + 1, size do
      if abs(a[i][k]) > abs(a[pivot][k]) then pivot = i end
    end
    if pivot ~= k then
      a[k], a[pivot] = a[pivot], a[k]
      order[k], order[pivot] = order[pivot], order[k]
      sign = -sign
    end
    local top = a[k]
    local inverse = 1 / top[k]
    for i = k + 1, size do
      local row = a[i]
      local factor = row[k] * inverse
      row[k] = factor
      for j = k + 1, size do
        row[j] = row[j] - factor * top[j]
      end
    end
  end
  return order, sign
end

local function solve(lu, order, b, size)
  local x = {}
  for i = 1, size do
    local sum, row = b[order[i]], lu[i]
    for j = 1, i - 1 do sum = sum - row[j] * x[j] end
    x[i] = sum
  end
  for i = size, 1, -1 do
    local sum, row = x[i], lu[i]
    for j = i + 1, size do sum = sum - row[j] * x[j] end
    x[i] = sum / row[i]
  end
  return x
end

local worst = 0
for round = 1, 3 do
  local a, original = random_matrix(n, round), random_matrix(n, round)
  local order, sign = decompose(a, n)
  local b = {}
  for i = 1, n do
    local sum = 0
    for j = 1, n do sum = sum + original[i][j] * (j % 5) end
    b[i] = sum
  end
  local x = solve(a, order, b, n)
  for i = 1, n do worst = math.max(worst, abs(x[i] - i % 5)) end
  local logarithm = 0
  for i = 1, n do
    logarithm = logarithm + math.log(abs(a[i][i]))
    if a[i][i] < 0 then sign = -sign end
  end
  print(string.format("determinant %s exp(%.6f)", sign > 0 and "+" or "-", logarithm))
end
print("solved to 6 digits", worst < 1e-6)
