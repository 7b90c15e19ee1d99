-- Ackermann, Tak and Hofstadter functions, recursing through an upvalue, a table field and a global.
-- quick: 2

local n = tonumber(arg and arg[1]) or 10

local ack
ack = function(m, k)
  if m == 0 then return k + 1 end
  if k == 0 then return ack(m - 1, 1) end
  return ack(m - 1, ack(m, k - 1))
end

local functions = {}
function functions.tak(x, y, z)
  if y >= x then return z end
  local tak = functions.tak
  return tak(tak(x - 1, y, z), tak(y - 1, z, x), tak(z - 1, x, y))
end

function hofstadter_female(k)
  if k == 0 then return 1 end
  return k - hofstadter_male(hofstadter_female(k - 1))
end

function hofstadter_male(k)
  if k == 0 then return 0 end
  return k - hofstadter_female(hofstadter_male(k - 1))
end

print("ack", ack(2, n * 30), ack(3, n - 1))
print("tak", functions.tak(2 * n - 2, n + 1, n - 4))
local sum = 0
for k = 0, 7 * n do
  sum = sum + hofstadter_female(k) - hofstadter_male(k)
end
print("hofstadter", sum)
