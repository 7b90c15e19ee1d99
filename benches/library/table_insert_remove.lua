-- table.insert and table.remove at the end and in the middle.
-- quick: 10
local n = tonumber(arg and arg[1]) or 400000
local insert, remove = table.insert, table.remove
local stack = {}
local sum = 0
for i = 1, n do
  insert(stack, i)
  insert(stack, i + 1)
  insert(stack, i + 2)
  sum = sum + remove(stack) + remove(stack)
  if #stack > 20 then
    insert(stack, 5, i)
    sum = sum + remove(stack, 5)
    for _ = 1, 15 do remove(stack) end
  end
end
print(sum, #stack)
