-- A tree of small tables in which subtrees are replaced.
-- quick: 8
local depth = tonumber(arg and arg[1]) or 22

local function tree(depth)
  if depth == 0 then return {} end
  return { left = tree(depth - 1), right = tree(depth - 1) }
end

local function count(node)
  if not node.left then return 1 end
  return 1 + count(node.left) + count(node.right)
end

local root = tree(depth)
local seed = 42
for _ = 1, depth * 500 do
  local node = root
  for _ = 1, depth - 8 do
    seed = seed * 16807 % 2147483647
    node = seed % 2 == 0 and node.left or node.right
  end
  node.left = tree(7)
end
print(count(root))
