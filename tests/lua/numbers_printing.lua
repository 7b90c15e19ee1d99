-- How numbers print: fourteen significant digits, exponents, integers, small and large magnitudes.
for e = -7, 17 do print(e, 10 ^ e, 1.5 * 10 ^ e, 123456789 * 10 ^ e) end
for _, v in ipairs { 0, -1, 0.1, 1 / 3, 2 / 3, 1e15 / 7, 123456789012, 99999999999999, 999999999999999, 0.5, 1e-300, 1.7976931348623157e308, 5e-324, 65535.5, 4294967296, 2 ^ 62, 1e21, 1e22, 1e23 } do
  print(v, tostring(-v), v .. "", ("%.14g"):format(v) == tostring(v), tonumber(tostring(v)) == v)
end
print(100, 1e2, 100.0, 1e2 + 0.5, 3.0, -3.0, 3.10, 1000000, 1e6, 12345678.9, 0.000123, 1e-4)
