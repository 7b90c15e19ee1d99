-- Largest singular value of an infinite matrix, by power iteration on its top left corner.
-- quick: 30

local n = tonumber(arg and arg[1]) or 500

local function entry(row, column)
  local diagonal = row + column
  return 1 / (diagonal * (diagonal + 1) / 2 + row + 1)
end

local function times(vector, result)
  for i = 0, n - 1 do
    local sum = 0
    for j = 0, n - 1 do
      sum = sum + entry(i, j) * vector[j]
    end
    result[i] = sum
  end
end

local function transposed_times(vector, result)
  for i = 0, n - 1 do
    local sum = 0
    for j = 0, n - 1 do
      sum = sum + entry(j, i) * vector[j]
    end
    result[i] = sum
  end
end

local function zeroed()
  local vector = {}
  for i = 0, n - 1 do vector[i] = 0 end
  return vector
end

local u, v, scratch = zeroed(), zeroed(), zeroed()
for i = 0, n - 1 do u[i] = 1 end

for _ = 1, 10 do
  times(u, scratch)
  transposed_times(scratch, v)
  times(v, scratch)
  transposed_times(scratch, u)
end

local uv, vv = 0, 0
for i = 0, n - 1 do
  uv = uv + u[i] * v[i]
  vv = vv + v[i] * v[i]
end
print(string.format("%.9f", math.sqrt(uv / vv)))
