-- Allocates, walks and drops complete binary trees of many sizes.
-- quick: 5

local n = tonumber(arg and arg[1]) or 14

local function grow(depth)
  if depth == 0 then return { value = 1 } end
  return { left = grow(depth - 1), right = grow(depth - 1), value = depth }
end

local function weigh(tree)
  local left = tree.left
  if not left then return tree.value end
  return tree.value + weigh(left) - weigh(tree.right) * 2
end

local function count(tree)
  if tree.left then return 1 + count(tree.left) + count(tree.right) end
  return 1
end

local keeper = grow(n)
for depth = 4, n, 2 do
  local rounds = 2 ^ (n - depth + 3)
  local nodes, weight = 0, 0
  for _ = 1, rounds do
    local tree = grow(depth)
    nodes = nodes + count(tree)
    weight = weight + weigh(tree)
  end
  print(string.format("%6d trees of depth %2d: %d nodes, weight %d", rounds, depth, nodes, weight))
end
print("kept", count(keeper), weigh(keeper))
