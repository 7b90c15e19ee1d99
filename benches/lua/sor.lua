-- Successive over-relaxation of a heat equation on a square grid with hot and cold edges.
-- quick: 10

local n = tonumber(arg and arg[1]) or 190

local function grid(side)
  local rows = {}
  for i = 1, side do
    local row = {}
    for j = 1, side do row[j] = 0 end
    rows[i] = row
  end
  for j = 1, side do
    rows[1][j] = 100
    rows[side][j] = -50
  end
  return rows
end

local function relax(rows, side, omega, sweeps)
  local quarter, keep = omega * 0.25, 1 - omega
  local change
  for _ = 1, sweeps do
    change = 0
    for i = 2, side - 1 do
      local above, row, below = rows[i - 1], rows[i], rows[i + 1]
      for j = 2, side - 1 do
        local old = row[j]
        local new = quarter * (above[j] + below[j] + row[j - 1] + row[j + 1]) + keep * old
        local difference = new - old
        change = change + difference * difference
        row[j] = new
      end
    end
  end
  return change
end

local rows = grid(n)
for step = 1, 4 do
  local change = relax(rows, n, 1.25 + step / 8, 100)
  local sum = 0
  for i = 1, n do
    for j = 1, n do sum = sum + rows[i][j] end
  end
  print(string.format("step %d: change %.4e, mean %.6f", step, change, sum / (n * n)))
end
