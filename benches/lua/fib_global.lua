-- Doubly recursive Fibonacci numbers as a global function, with a global call counter.
-- quick: 20

local n = tonumber(arg and arg[1]) or 35

calls = 0

function fib(k)
  calls = calls + 1
  if k <= 1 then
    return k
  else
    return fib(k - 2) + fib(k - 1)
  end
end

print(fib(n), calls)
