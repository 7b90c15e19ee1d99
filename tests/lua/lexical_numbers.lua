-- Numerals: decimal, exponents, hexadecimal, and how numbers print.
print(3, 3.0, 3.1416, 314.16e-2, 0.31416E1, 0xff, 0x56, 0XAb)
print(.5, 5., 1e2, 1E+2, 1e-2, 0e12, 00012)
print(1e15, 1e14, 123456789012345, 1234567890123456, 1e100)
print(0.1, 0.1 + 0.2, 1 / 3, 100 / 3, 2 ^ 53, 2 ^ 63)
print(1e300 * 1e10, -1e300 * 1e10, -0 == 0, 1 / 0, -1 / 0)
print(0x7fffffff, 0xffffffff, -0x10)
print(1 .. 2, 1.5 .. "", -1 .. "")
print(3 - -3, 3 --[[not minus minus]] - 3, - - 3)
print(5 % 3, -5 % 3, 5 % -3, -5 % -3, 5.5 % 2, -0.5 % 1)
print(2 ^ 3 ^ 2, -2 ^ 2, 2 ^ -1, (-2) ^ 2, 4 ^ 0.5)
print(7 / 2, 8 / 2, 1e308 + 1e308 == math.huge)
for _, text in ipairs { "1a", "0x", "1e", "1.2.3", "3..2", "0xg", "1e+", "08x" } do
  print(text, loadstring("return " .. text))
end
