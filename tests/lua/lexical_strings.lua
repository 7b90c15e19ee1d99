-- String literals: quotes, escapes, line continuation, long brackets.
print('single "inside"', "double 'inside'")
print("\a\b\f\v" == string.char(7, 8, 12, 11), "\n" == "\010", "\r" == "\13", "\t" == "\9")
print("\65\066\0679", #"\0a\0", ("\0a\0"):byte(1, -1))
print("\"quoted\"", '\'single\'', "back\\slash")
print("one\
two")
print("\q\w\k")
print([[long
string]], [[
first newline dropped]], [==[with ]] and ]=] inside]==])
print([[no \n escapes]], #[[

]])
print([=[[nested]]=], [==[]==] == "")
local crlf = loadstring("return [[a\r\nb\rc\n\rd]]")()
print(crlf:byte(1, -1))
print(#"\255", ("\255"):byte(), ("\200\199"):byte(1, 2))
for _, text in ipairs { '"open', "'open\n'", '"\\300"', "[[open", "[=[open]]", '"\\256"', "[=x" } do
  print((text:gsub("\n", "\\n")), loadstring("return " .. text))
end
