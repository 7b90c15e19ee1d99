-- Collatz sequences: the longest and the highest, without and with a table of known lengths.
-- quick: 500

local n = tonumber(arg and arg[1]) or 220000

local function plain(limit)
  local longest, at, peak = 0, 0, 0
  for start = 1, limit do
    local k, steps = start, 0
    while k ~= 1 do
      if k % 2 == 0 then
        k = k / 2
      else
        k = 3 * k + 1
        if k > peak then peak = k end
      end
      steps = steps + 1
    end
    if steps > longest then longest, at = steps, start end
  end
  return longest, at, peak
end

local function remembered(limit)
  local known = { [1] = 0 }
  local longest, at = 0, 0
  for start = 2, limit do
    local k, steps = start, 0
    while k >= start do
      if k % 2 == 0 then
        k, steps = k / 2, steps + 1
      else
        k, steps = (3 * k + 1) / 2, steps + 2
      end
    end
    steps = steps + known[k]
    known[start] = steps
    if steps > longest then longest, at = steps, start end
  end
  return longest, at
end

print(plain(n))
print(remembered(n * 8))
