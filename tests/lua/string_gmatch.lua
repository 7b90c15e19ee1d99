-- gmatch: captures, empty matches, anchors are literal, nested loops, early exit.
for w in ("one two  three"):gmatch("%a+") do io.write("[", w, "]") end
print()
for k, v in ("a=1, b=2"):gmatch("(%w+)=(%w+)") do io.write(k, ":", v, " ") end
print()
for p in ("abc"):gmatch("()") do io.write(p, " ") end
print()
for m in ("abc"):gmatch("") do io.write("<", m, ">") end
print()
for m in ("aXbX"):gmatch("(.-)X") do io.write("(", m, ")") end
print()
for m in ("a,b,,c"):gmatch("([^,]*)") do io.write("{", m, "}") end
print()
for m in ("hello"):gmatch("^h") do io.write("anchored ", m) end
print()
for a in ("xyz"):gmatch(".") do
  for b in ("12"):gmatch("%d") do io.write(a, b, " ") end
  if a == "y" then break end
end
print()
local f = ("ab"):gmatch("%w")
print(f(), f(), f(), f())
for m in (""):gmatch("x*") do io.write("empty<", m, ">") end
print()
for m in ("aab"):gmatch("a-b") do io.write(m, " ") end
print()
for m in ("aab"):gmatch("a*") do io.write("<", m, ">") end
print()
print(pcall(function() ("x"):gmatch() end))
print(pcall(function() for m in ("x"):gmatch("[") do end end))
local count = 0
for _ in (("ab "):rep(1000)):gmatch("%w+") do count = count + 1 end
print(count)
local t = {}
for line in ("l1\nl2\n\nl4\n"):gmatch("([^\n]*)\n") do t[#t + 1] = line end
print(#t, t[1], t[3], t[4])
for a, b, c in ("1-2-3 4-5-6"):gmatch("(%d)-(%d)-(%d)") do io.write(a + b + c, " ") end
print()
print(string.gfind == string.gmatch)
