-- Escapes, numbers and classes that Lua 5.1 does not have: as in LuaJIT.

print("\x41\x6d\xE9" == "Am\233", #"\x00\x7f", "a\x2Db")
print("one \z
       two\z

       three\z
       ", #"\z  ")
-- Without its digits it is a letter, as in Lua 5.1.
print("\x", "\xg0", "\x4", "\X41")

print(0x10, 0xA.8, 0x.8, 0x1p4, 0x1P-2, 0x.8p+1, 0xFp0, 0xep1, 0xe+1)
print(0x1..2, 0xa .. "b")
print(tonumber("0x1p4"), tonumber("0x.8"), tonumber(" -0x1.8p1 "))
for _, source in ipairs { "x = 0x", "x = 0x.", "x = 0x1p", "x = 0x1p+", "x = 0x1g", "x = 0x.p1", "x = 0x1.8.2" } do
  print((select(2, loadstring(source, "=t"))))
end

print((("a b\tc!\0\127"):gsub("%g", "x")))
print((("a b"):gsub("%G", "_")), ("say (hi) "):match("%(%g+"), ("[!a]"):gsub("[%g]", "."))
