-- Digits of pi by a spigot on big numbers of our own.
-- quick: 20

local n = tonumber(arg and arg[1]) or 1600

-- A big number is an array of limbs, least significant first; all are non-negative.
local BASE = 10000000

local function trim(limbs)
  local count = #limbs
  while count > 1 and limbs[count] == 0 do
    limbs[count] = nil
    count = count - 1
  end
  return limbs
end

local function add(a, b)
  local sum, carry = {}, 0
  for i = 1, math.max(#a, #b) do
    local limb = (a[i] or 0) + (b[i] or 0) + carry
    if limb >= BASE then
      sum[i], carry = limb - BASE, 1
    else
      sum[i], carry = limb, 0
    end
  end
  if carry > 0 then sum[#sum + 1] = carry end
  return sum
end

-- a - b, where a >= b.
local function subtract(a, b)
  local difference, borrow = {}, 0
  for i = 1, #a do
    local limb = a[i] - (b[i] or 0) - borrow
    if limb < 0 then
      difference[i], borrow = limb + BASE, 1
    else
      difference[i], borrow = limb, 0
    end
  end
  return trim(difference)
end

local function scale(a, factor)
  local product, carry = {}, 0
  for i = 1, #a do
    local limb = a[i] * factor + carry
    carry = math.floor(limb / BASE)
    product[i] = limb - carry * BASE
  end
  while carry > 0 do -- twice if the factor is larger than the base
    local limb = carry % BASE
    product[#product + 1] = limb
    carry = (carry - limb) / BASE
  end
  return trim(product)
end

local function at_least(a, b)
  if #a ~= #b then return #a > #b end
  for i = #a, 1, -1 do
    if a[i] ~= b[i] then return a[i] > b[i] end
  end
  return true
end

-- The quotient is known to be a digit. An estimate from the leading limbs is corrected.
local function divide_to_digit(a, b)
  local top = #b
  local lead_b = b[top] * BASE + (b[top - 1] or 0)
  local lead_a = ((a[top + 1] or 0) * BASE + (a[top] or 0)) * BASE + (a[top - 1] or 0)
  local digit = math.floor(lead_a / (lead_b + 1))
  local product = scale(b, digit)
  while true do
    local following = add(product, b)
    if not at_least(a, following) then return digit end
    digit, product = digit + 1, following
  end
end

-- Gosper's series as a linear fractional transformation; see Gibbons, "Unbounded spigot algorithms for pi".
local q, r, t = { 1 }, { 180 }, { 60 }
local i = 2
local digits = {}
while #digits < n do
  local u = 3 * (3 * i + 1) * (3 * i + 2)
  local digit = divide_to_digit(add(scale(q, 27 * i - 12), scale(r, 5)), scale(t, 5))
  digits[#digits + 1] = digit
  local kept = subtract(add(scale(q, 5 * i - 2), r), scale(t, digit))
  r = scale(kept, 10 * u)
  q = scale(q, 10 * i * (2 * i - 1))
  t = scale(t, u)
  i = i + 1
end

local text = table.concat(digits)
for first = 1, n, 50 do print(text:sub(first, first + 49)) end
