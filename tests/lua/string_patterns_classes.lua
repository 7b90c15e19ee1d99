-- Character classes, sets, ranges, complements, escapes.
local all = {} for i = 0, 127 do all[#all + 1] = string.char(i) end all = table.concat(all)
for _, class in ipairs { "%a", "%c", "%d", "%l", "%p", "%s", "%u", "%w", "%x", "%z", "%A", "%D", "%W", "." } do
  local n, sum = 0, 0
  for c in all:gmatch(class) do n = n + 1 sum = sum + c:byte() end
  print(class, n, sum)
end
for _, set in ipairs { "[abc]", "[a-c]", "[^a-c]", "[%a_]", "[^%s]", "[]]", "[^]]", "[a-]", "[-a]", "[a%-z]", "[%]]", "[%^a]", "[a^]", "[0-9a-fA-F]", "[%d%.]", "[a-%%]", "[+-]", "[%%]", "[.]", "[^.]", "[a-a]", "[z-a]", "[%w%s]", "[^%w%s]" } do
  local n, sum = 0, 0
  for c in all:gmatch(set) do n = n + 1 sum = sum + c:byte() end
  print(set, n, sum)
end
print(("a.b*c+d-e?f^g$h(i)j[k]l%m"):gsub("[%.%*%+%-%?%^%$%(%)%[%]%%]", "_"))
print(("a%b"):match("%%"), ("a.b"):match("%."), ("[x]"):match("%[(.)%]"), ("x]"):match("[]]"))
print(("\0\1\2"):match("%z"), #("\0\1\2"):match("[%z\1]+"), ("a\0b"):match("a%zb") == "a\0b")
print(("THE (quick) fox"):find("%((%a+)%)"))
print(("Ünï"):match("[%w]+"), #("\200\201"):match("[\200-\210]+"))
print(("x = 10, y=20"):gsub("%s*=%s*", ":"))
print(("  trim  "):match("^%s*(.-)%s*$") .. "|")
print(("aXbYc"):gsub("%u", string.lower))
print(("path/to/file.txt"):match("([^/]+)%.(%w+)$"))
print(("2024-01-15"):match("^(%d+)-(%d+)-(%d+)$"))
print(("a1b22c333"):gsub("%d+", "<%0>"))
print(("%d"):gsub("%%d", "%%s"))
