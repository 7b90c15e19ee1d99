-- Radix-2 fast Fourier transform, forward and back, on separate real and imaginary arrays.
-- quick: 8

local n = tonumber(arg and arg[1]) or 18

local sin, cos, pi = math.sin, math.cos, math.pi

local function bit_reverse(re, im, size)
  local j = 1
  for i = 1, size - 1 do
    if i < j then
      re[i], re[j] = re[j], re[i]
      im[i], im[j] = im[j], im[i]
    end
    local half = size / 2
    while half < j do
      j = j - half
      half = half / 2
    end
    j = j + half
  end
end

local function transform(re, im, size, direction)
  bit_reverse(re, im, size)
  local span = 1
  while span < size do
    local angle = direction * pi / span
    local wr, wi = cos(angle), sin(angle)
    local ur, ui = 1, 0
    for offset = 1, span do
      for i = offset, size, 2 * span do
        local j = i + span
        local tr = ur * re[j] - ui * im[j]
        local ti = ur * im[j] + ui * re[j]
        re[j], im[j] = re[i] - tr, im[i] - ti
        re[i], im[i] = re[i] + tr, im[i] + ti
      end
      ur, ui = ur * wr - ui * wi, ur * wi + ui * wr
    end
    span = span * 2
  end
  if direction < 0 then
    for i = 1, size do
      re[i] = re[i] / size
      im[i] = im[i] / size
    end
  end
end

local size = 2 ^ n
local re, im, original = {}, {}, {}
local seed = 42
for i = 1, size do
  seed = (seed * 16807) % 2147483647
  re[i], im[i] = seed / 2147483647 - 0.5, 0
  original[i] = re[i]
end

local function energy()
  local sum = 0
  for i = 1, size do sum = sum + re[i] * re[i] + im[i] * im[i] end
  return sum
end

local before = energy()
for round = 1, 2 do
  transform(re, im, size, 1)
  print(string.format("Parseval %.6f %.6f", before, energy() / size))
  transform(re, im, size, -1)
end
local worst = 0
for i = 1, size do
  worst = math.max(worst, math.abs(re[i] - original[i]), math.abs(im[i]))
end
print("round trip is exact to 9 digits", worst < 1e-9)
