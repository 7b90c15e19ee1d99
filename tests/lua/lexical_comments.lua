-- Comments: short, long, nested levels, at the end, between tokens.
print(1) -- short
--[[ long
print("hidden")
]] print(2)
--[==[ level two ]] ]=] still hidden
print("hidden") ]==] print(3)
---[[ this is short
print(4)
--]]
--[=x not long
print(5)
print(6 --[[ between ]] , --[=[ and
more ]=] 7)
local t = { --[[a]] 1, --b
  2 --[[c]] }
print(#t)
print(loadstring("--") ~= nil, loadstring("--[[ ]]") ~= nil, loadstring("") ~= nil)
print(select(2, loadstring("--[[ open")))
print(select(2, loadstring("\n\n--[==[ open ]]")))
print(loadstring("# not a comment here"))
--
print(8)--[[]]--[==[]==]print(9)
