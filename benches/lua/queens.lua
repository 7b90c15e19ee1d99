-- The n queens problem: all solutions by backtracking, with arrays and with a recursive closure.
-- quick: 5

local n = tonumber(arg and arg[1]) or 11

local function with_arrays(size)
  local columns, rising, falling, placed = {}, {}, {}, {}
  local solutions, checksum = 0, 0
  local function place(row)
    if row > size then
      solutions = solutions + 1
      for i = 1, size do checksum = (checksum * 11 + placed[i]) % 1000003 end
      return
    end
    for column = 1, size do
      local up, down = row + column, row - column + size
      if not (columns[column] or rising[up] or falling[down]) then
        columns[column], rising[up], falling[down] = true, true, true
        placed[row] = column
        place(row + 1)
        columns[column], rising[up], falling[down] = false, false, false
      end
    end
  end
  place(1)
  return solutions, checksum
end

local function safe(board, row, column)
  for earlier = 1, row - 1 do
    local other = board[earlier]
    if other == column or math.abs(other - column) == row - earlier then return false end
  end
  return true
end

local function by_checking(size)
  local board, solutions, row = { 0 }, 0, 1
  while row > 0 do
    board[row] = board[row] + 1
    while board[row] <= size and not safe(board, row, board[row]) do board[row] = board[row] + 1 end
    if board[row] > size then
      row = row - 1
    elseif row == size then
      solutions = solutions + 1
    else
      row = row + 1
      board[row] = 0
    end
  end
  return solutions
end

print(n, with_arrays(n))
print(n, by_checking(n))
print(n + 1, with_arrays(n + 1))
