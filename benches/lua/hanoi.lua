-- Towers of Hanoi with real stacks of disks, recursive and iterative.
-- quick: 6

local n = tonumber(arg and arg[1]) or 20

local function tower(disks)
  local pegs = { {}, {}, {} }
  for size = disks, 1, -1 do table.insert(pegs[1], size) end
  return pegs
end

local function move(pegs, from, to)
  local source, target = pegs[from], pegs[to]
  local disk = source[#source]
  assert(not target[#target] or target[#target] > disk)
  source[#source] = nil
  target[#target + 1] = disk
  return disk
end

local function recursive(disks)
  local pegs, moves, checksum = tower(disks), 0, 0
  local function shift(count, from, to, via)
    if count == 0 then return end
    shift(count - 1, from, via, to)
    moves = moves + 1
    checksum = (checksum * 3 + move(pegs, from, to) * to) % 1000003
    return shift(count - 1, via, to, from)
  end
  shift(disks, 1, 3, 2)
  return moves, checksum, #pegs[3]
end

local function legal(pegs, a, b)
  local top_a, top_b = pegs[a][#pegs[a]], pegs[b][#pegs[b]]
  if not top_b or (top_a and top_a < top_b) then return a, b end
  return b, a
end

local function iterative(disks)
  local pegs, moves = tower(disks), 0
  local order = disks % 2 == 1 and { 3, 2 } or { 2, 3 }
  while #pegs[3] < disks do
    local phase = moves % 3
    local from, to
    if phase == 0 then
      from, to = legal(pegs, 1, order[1])
    elseif phase == 1 then
      from, to = legal(pegs, 1, order[2])
    else
      from, to = legal(pegs, 2, 3)
    end
    move(pegs, from, to)
    moves = moves + 1
  end
  return moves
end

print(recursive(n))
print(iterative(n))
