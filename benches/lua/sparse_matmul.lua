-- Sparse matrix times vector, in compressed rows, repeated as a page-rank iteration.
-- quick: 200

local n = tonumber(arg and arg[1]) or 70000

local seed = 7
local function random(limit)
  seed = (seed * 16807) % 2147483647
  return seed % limit + 1
end

-- Row i holds columns[starts[i] .. starts[i + 1] - 1].
local function random_graph(nodes, degree)
  local starts, columns, out_degree = {}, {}, {}
  for i = 1, nodes do out_degree[i] = 0 end
  for i = 1, nodes do
    starts[i] = #columns + 1
    for _ = 1, random(2 * degree - 1) do
      local column = random(nodes)
      columns[#columns + 1] = column
      out_degree[column] = out_degree[column] + 1
    end
  end
  starts[nodes + 1] = #columns + 1
  local values = {}
  for k, column in ipairs(columns) do values[k] = 1 / out_degree[column] end
  return starts, columns, values
end

local function multiply(starts, columns, values, x, y, nodes)
  for i = 1, nodes do
    local sum = 0
    for k = starts[i], starts[i + 1] - 1 do
      sum = sum + values[k] * x[columns[k]]
    end
    y[i] = sum
  end
end

local starts, columns, values = random_graph(n, 8)
local rank, next_rank = {}, {}
for i = 1, n do rank[i] = 1 / n end
for _ = 1, 40 do
  multiply(starts, columns, values, rank, next_rank, n)
  local total = 0
  for i = 1, n do
    local value = 0.15 / n + 0.85 * next_rank[i]
    next_rank[i] = value
    total = total + value
  end
  for i = 1, n do next_rank[i] = next_rank[i] / total end
  rank, next_rank = next_rank, rank
end

local best, squares = 1, 0
for i = 1, n do
  if rank[i] > rank[best] then best = i end
  squares = squares + rank[i] * rank[i]
end
print(#columns, best, string.format("%.10f %.10f", rank[best], squares * n))
