-- the sign of a NaN is kept, and printed
local nan = 0 / 0
print(nan, -nan, -(-nan), nan + 1, 1 - nan, nan * -1, nan / 2, nan % 2)
local t = { nan, -nan }
print(t[1], t[2], tostring(-nan), nan ~= nan, -nan == -nan)
print(math.huge - math.huge, math.huge % 2, 5 % 0, math.sqrt(-1))
